// CIFAR-10 (Krizhevsky 2009) in its binary form: records of 3,073 bytes, the label and then the 32 x 32 red, green and blue values, row by row.
#pragma once

#include "data/dataset.h"

namespace ito {

// Any number of such records, plain or gz: u8 (N, 32, 32, 3) and their labels. Throws Error that names the file: missing, damaged gz, a size that is
// no multiple of 3,073 bytes, none at all, a label above 9.
Dataset load_cifar_file(const std::string& path);

// The training set data_batch_1.bin ... data_batch_5.bin, or the test set test_batch.bin, .gz or not, of the first of these folders that has them
// all:
//   path, path/cifar10; $ITO_DATA/cifar10; /usr/share/datasets/cifar10; cache_folder()/cifar10; and the folder cifar-10-batches-bin in each
// Throws Error with the places searched.
Dataset load_cifar10(const std::string& path, Split split);

}  // namespace ito
