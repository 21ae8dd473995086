// MNIST (LeCun & Cortes) and Fashion-MNIST (Xiao et al. 2017): 28x28 grey images of ten classes.
#pragma once

#include "data/dataset.h"

namespace ito {

// The first of these folders that has the four files of `name` (train-images-idx3-ubyte.gz and so on, .gz or not):
//   path, path/name; $ITO_DATA/name; /usr/share/datasets/name (Debian's dataset-fashion-mnist); cache_folder()/name
// and for MNIST at last the bundle of 10,000 training digits, of which the last 1,000 are the test set. Throws Error with the places searched.
Dataset load_mnist(const std::string& name, const std::string& path, Split split);

// $XDG_CACHE_HOME/ito or ~/.cache/ito.
std::string cache_folder();

// Fetches the four MNIST files into cache_folder()/mnist from the public mirrors and checks their SHA-256. Throws Error when no mirror can be
// reached or a file is not the published one.
void fetch_mnist();

// A file or folder that comes with Ito ("zoo/lenet", "data/mnist-10k"), found from the place of the running program; empty when it is not there.
std::string bundled(const std::string& relative);

}  // namespace ito
