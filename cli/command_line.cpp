// CLI11 is a large header: no other file includes it.
#include "cli/command_line.h"

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "tensor/error.h"

namespace ito::cli {

namespace {

// For options with a whole number from 0 on. CLI11 2.1 reads -1 as a large unsigned number, and what does not fit as the largest one that does.
CLI::Validator whole_number(size_t digits = 9) {
  return CLI::Validator(
      [digits](const std::string& word) {
        const bool whole = !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
        return whole && word.size() <= digits ? "" : "expected a whole number of at most " + std::to_string(digits) + " digits, got " + word;
      },
      "");
}
constexpr size_t seed_digits = 19;

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "train", "train a model from a configuration\n\n  ito train examples/mnist/ddpm.json --set train.minutes=10 --out runs/digits");
  const auto o = std::make_shared<TrainArguments>();
  command->add_option("CONFIG", o->config, "JSON file, as in examples/; or a run folder, for its own")->required();
  command->add_option("--set", o->assignments, "override: section.key=value (may be repeated)")->allow_extra_args(false);
  command->add_option("--out", o->out, "run folder (default: runs/NAME of the configuration)");
  command->add_option("--data", o->data, "folder of the images");
  command->add_flag("--resume", o->resume, "go on from the folder's checkpoint");
  command->callback([o] { train(*o); });
}

void add_sampler_options(CLI::App* command, SamplerArguments& o) {
  command->add_option("--sampler", o.sampler, "ddim, ancestral, predictor-corrector, ode-rk45, ... (default: the run's); a wrong name lists all");
  command->add_option("--steps", o.steps, "times at which the network is asked (default: the run's, or the sampler's)")->check(whole_number());
  command->add_option("--spacing", o.spacing, "times of DDPM instead of --steps, by thirds for example: 10,15,20");
  command->add_option("--variance", o.variance, "ancestral: posterior, beta, or learned where the model has its own");
  command->add_option("--eta", o.eta, "ddim: 0 deterministic, 1 as noisy as ancestral");
  command->add_option("--predictor", o.predictor,
                      "predictor-corrector: reverse-diffusion, ancestral, euler-maruyama, or none for the corrector alone");
  command->add_option("--corrector-steps", o.corrector_steps, "predictor-corrector: after each step")->check(whole_number());
  command->add_option("--snr", o.snr, "predictor-corrector: the corrector's signal-to-noise ratio");
  command->add_option("--langevin-step", o.langevin_step, "langevin, annealed-langevin: the step at the smallest noise");
  command->add_option("--langevin-steps", o.langevin_steps, "annealed-langevin: at the last time; langevin: in all")->check(whole_number());
  command->add_option("--langevin-growth", o.langevin_growth,
                      "annealed-langevin: at other times (noise / smallest noise) to this power as many steps; 0: as many");
  command->add_option("--langevin-noise", o.langevin_noise,
                      "langevin, annealed-langevin: fresh, or averaged with that of the step before, for larger steps at the right variance");
  command->add_option("--tolerance", o.tolerance, "ode-rk45: absolute and relative");
  command->add_option("--churn", o.churn, "edm: S_churn, 0 deterministic");
  command->add_option("--guidance", o.guidance, "classifier-free guidance, 0 for none (default: the run's)");
  command
      ->add_option("--resample", o.resample,
                   "how often each step is taken, with noise back in between, so that the rest agrees with what is known (default: the run's)")
      ->check(whole_number());
}

void add_sample(CLI::App& app) {
  CLI::App* command = app.add_subcommand("sample", "images from a trained model\n\n  ito sample runs/ddpm --n 16 --seed 3 --out digits.png");
  const auto o = std::make_shared<SampleArguments>();
  command->add_option("RUN", o->run, "run folder, checkpoint file, or zoo/NAME")->required();
  command->add_option("--n", o->n, "how many")->check(whole_number())->capture_default_str();
  command->add_option("--seed", o->seed, "image k of a seed is the same picture for every --n")
      ->check(whole_number(seed_digits))
      ->capture_default_str();
  add_sampler_options(command, o->how);
  command->add_option("--device", o->device, "cpu or cuda (default: the run's)");
  command->add_option("--label", o->label, "one class for all (default: random ones)")->check(whole_number());
  command->add_option("--inpaint", o->inpaint, "PNG whose pixels are kept where --mask is white; the model makes the others");
  command->add_option("--colour", o->colour,
                      "grey PNG that the model colours, where --mask is white (default: everywhere); for models of colour images");
  command->add_option("--mask", o->mask, "grey PNG for --inpaint or --colour, of the image's size");
  command->add_option("--interpolate", o->interpolate, "n steps from the first noise of --seed to that of this seed")
      ->check(whole_number(seed_digits));
  command->add_option("--out", o->out, "PNG to write")->capture_default_str();
  command->add_option("--npy", o->npy, "also write the images as .npy");
  command->callback([o] { sample_images(*o); });
}

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "scores of a run's samples, or the accuracy of a classifier\n\n  ito eval runs/ddpm");
  const auto run = std::make_shared<std::string>();
  const auto o = std::make_shared<ScoreOptions>();
  const auto bpd = std::make_shared<bool>(false);
  const auto n = std::make_shared<std::optional<int64_t>>();
  command->add_option("RUN", *run, "run folder, checkpoint file, or zoo/NAME")->required();
  command->add_option("--n", *n, "samples (default: 1000), or with --bpd test images (default: 100)")->check(whole_number());
  command->add_flag("--bpd", *bpd, "bits per dimension of test images instead: by the probability-flow ODE, and the variational bound");
  command->add_option("--seed", o->seed, "of the samples")->check(whole_number(seed_digits))->capture_default_str();
  add_sampler_options(command, o->how);
  command->add_option("--judge", o->judge, "the classifier")->capture_default_str();
  command->add_option("--data", o->data, "folder of the real images");
  command->callback([run, o, n, bpd] {
    ITO_CHECK(!*bpd || o->how == SamplerArguments{}, "--bpd asks the network at times of its own: leave the sampler's options out");
    if (*bpd) return eval_likelihood(*run, {.n = n->value_or(100), .seed = o->seed, .data = o->data});
    o->n = n->value_or(o->n);
    eval_run(*run, *o);
  });
}

void add_export(CLI::App& app) {
  CLI::App* command = app.add_subcommand("export", "a run's averaged weights in bf16, with a card\n\n  ito export runs/ddpm my-digits");
  const auto o = std::make_shared<ExportArguments>();
  command->add_option("RUN", o->run, "run folder")->required();
  command->add_option("FOLDER", o->folder, "gets model.safetensors and a card: README.md, scores.json, samples.png")->required();
  command->add_option("--n", o->n, "samples to score")->check(whole_number())->capture_default_str();
  command->add_option("--data", o->data, "folder of the real images");
  command->callback([o] { export_run(*o); });
}

void add_data(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "data sets: what is here, fetching, looking\n\n  ito data show mnist --out digits.png");
  data->require_subcommand(1);
  data->add_subcommand("list", "the data sets and where they were found")->callback(list_data);

  CLI::App* get = data->add_subcommand("get", "fetch a data set from its public mirrors into the cache");
  const auto name = std::make_shared<std::string>();
  get->add_option("NAME", *name, "mnist")->required();
  get->callback([name] { get_data(*name); });

  CLI::App* show = data->add_subcommand("show", "the first training images as a PNG");
  const auto o = std::make_shared<ShowArguments>();
  show->add_option("NAME", o->name, "one of `ito data list`, or points: all point sets")->required();
  show->add_option("--data", o->path, "where the files are");
  show->add_option("--drawing", o->drawing, "triangles: exact, aliased or reduced")->capture_default_str();
  show->add_option("--channels", o->channels, "triangles: 1, or 3 for coloured ones")->check(whole_number(1))->capture_default_str();
  show->add_option("--n", o->n, "how many (default: 64 images, 2000 points)")->check(whole_number());
  show->add_option("--out", o->out, "PNG to write")->capture_default_str();
  show->callback([o] { show_data(*o); });
}

void add_schedule(CLI::App& app) {
  CLI::App* command = app.add_subcommand("schedule",
                                         "noise schedules: their tables, what they leave of the data at the end, a plot\n\n"
                                         "  ito schedule linear cosine power10-unscaled --steps 300 --out schedules.png");
  const auto o = std::make_shared<ScheduleArguments>();
  command->add_option("NAME", o->names, "one or more, as in a configuration's diffusion.schedule")->required();
  command->add_option("--steps", o->steps, "T")->check(whole_number())->capture_default_str();
  command->add_option("--first", o->first, "beta at the first time of 1000")->capture_default_str();
  command->add_option("--last", o->last, "beta at the last time of 1000")->capture_default_str();
  command->add_option("--x0", o->x0, "root mean square of the data")->capture_default_str();
  command->add_option("--out", o->out, "PNG to write: alpha-bar above, beta below");
  command->callback([o] { show_schedules(*o); });
}

void add_strip(CLI::App& app) {
  CLI::App* command = app.add_subcommand("strip",
                                         "an image on its way to noise, one row a schedule\n\n"
                                         "  ito strip digit.png --schedule linear,cosine,power10 --steps 300 --out strip.png");
  const auto o = std::make_shared<StripArguments>();
  command->add_option("IMAGE", o->image, "PNG, grey or colour")->required();
  command->add_option("--schedule", o->schedules, "names, joined by commas")->capture_default_str();
  command->add_option("--steps", o->steps, "T")->check(whole_number())->capture_default_str();
  command->add_option("--frames", o->frames, "how many times, from 0 to T")->check(whole_number())->capture_default_str();
  command->add_option("--seed", o->seed, "of the noise, which all frames share")->check(whole_number(seed_digits))->capture_default_str();
  command->add_option("--out", o->out, "PNG to write")->capture_default_str();
  command->callback([o] { noise_strip(*o); });
}

void add_study(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("study",
                         "triangles by noise schedule and by drawing: a model of each pair is trained and scored; one page of all. What is "
                         "finished is not done again\n\n"
                         "  ito study examples/triangles/ddpm.json --schedules linear-unscaled,power10-unscaled --drawings exact");
  const auto o = std::make_shared<StudyArguments>();
  command->add_option("CONFIG", o->config, "JSON file of a DDPM on triangles, as examples/triangles/ddpm.json")->required();
  command->add_option("--schedules", o->schedules, "names, joined by commas")->delimiter(',')->allow_extra_args(false)->capture_default_str();
  command->add_option("--drawings", o->drawings, "exact, reduced, aliased, joined by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  command->add_option("--minutes", o->minutes, "of each training (default: the configuration's)");
  command->add_option("--n", o->n, "samples of each model, to be scored")->check(whole_number())->capture_default_str();
  command->add_option("--image", o->image, "PNG that is shown on its way to noise (default: a triangle)");
  command->add_option("--set", o->assignments, "override: section.key=value (may be repeated)")->allow_extra_args(false);
  command->add_option("--out", o->out, "folder of the page and the runs")->capture_default_str();
  command->callback([o] { study_triangles(*o); });
}

void add_gradcheck(CLI::App& app) {
  CLI::App* command = app.add_subcommand("gradcheck", "check ops: every variant, gradients of both orders, equal bits\n\n  ito gradcheck softmax");
  const auto op = std::make_shared<std::string>();
  command->add_option("OP", *op, "one op (default: all)");
  command->callback([op] { check_gradients(*op); });
}

void add_kernels(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "kernels", "list, check and time kernels\n\n  ito kernels list softmax\n  ito kernels check softmax --device cuda --checked");
  command->require_subcommand(1);

  CLI::App* list =
      command->add_subcommand("list", "every op, device, variant, its types and where it is registered; the last of an op is the default");
  const auto name = std::make_shared<std::string>();
  list->add_option("OP", *name, "a part of the kernel's name (default: all)");
  list->callback([name] { list_kernels(*name); });

  CLI::App* check = command->add_subcommand(
      "check",
      "an op's cases against the f64 reference, gradients, orders of lanes and blocks\n\n  ito kernels check matmul --device cuda --checked");
  const auto o = std::make_shared<KernelArguments>();
  check->add_option("OP", o->op, "an op (softmax) or a kernel (softmax_forward)")->required();
  check->add_option("--variant", o->variant, "only this one (default: all)");
  check->add_option("--device", o->device, "cpu or cuda (default: both)");
  check->add_flag("--checked", o->checked, "emulated cuda: also look at every access, for races, bounds, alignment and memory that nobody wrote");
  check->callback([o] { check_kernels(*o); });

  CLI::App* bench = command->add_subcommand(
      "bench",
      "every variant of a kernel, verified, then timed; on the emulated device, counted\n\n  ito kernels bench softmax_forward --device cpu");
  const auto b = std::make_shared<KernelArguments>();
  bench->add_option("OP", b->op, "the kernel's name, or a part of several")->required();
  bench->add_option("--variant", b->variant, "only this one (default: all)");
  bench->add_option("--device", b->device, "cpu or cuda")->default_val("cpu");
  bench->callback([b] { bench_kernels(*b); });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{
      "Ito: diffusion models from the formula to the kernel\n\n  ito train examples/mnist/ddpm.json --set train.minutes=5\n  ito sample "
      "zoo/mnist-ddpm"};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of all sub-commands");
  add_train(app);
  add_sample(app);
  add_eval(app);
  add_export(app);
  add_data(app);
  add_schedule(app);
  add_strip(app);
  add_study(app);
  add_gradcheck(app);
  add_kernels(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ito: %s; see ito --help\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace ito::cli
