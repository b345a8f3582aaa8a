//! rvqscope: a desktop instrument for residual vector quantizers.
//!
//! Open audio or features, train or load an RVQ, and see whether its codebooks are healthy: which codes are used, which are dead and why,
//! whether the running averages have settled, and what each layer adds.
//!
//! # The map
//!
//! A module uses those below it in this list and none above; `tests/tidy.rs` holds every line of it against the tree.
//!
//! ```text
//! main.rs          the binary: the window, or a command
//! lib.rs           this text
//! app/             the window, and the only user of egui: panels read the session and queue commands
//!   panels/        one panel a file, listed in PANELS
//! cli/             the commands: each builds a job and runs it where it stands
//! session/         the state behind the window: commands in, what jobs tell out, never a wait
//!   run_entry.rs   a run, with everything that belongs to it: data, recipe, state, quantizer, history
//!   activity.rs    what is under way and for whom, and the runs that wait for their turn
//!   opening.rs     files that are being opened, and what a file asks before it can be
//!   edits.rs       what can be undone
//!   workspace.rs   what outlives the process
//!   worker.rs      a job on its own thread, with a cancel switch; a panic ends there
//!   mailbox.rs     between the two threads: every scalar, and the newest state
//! jobs/            the pipeline behind window and command line: open, train, evaluate, encode, decode, save, report
//! watch/           a folder of checkpoints that a training elsewhere writes, as one series over its steps
//! store/           what is kept: runs to the bit, a workspace as a folder or one file, written in the background
//! report/          a run as one page, metrics.json, CSV, SVG and TensorBoard events; a sweep as a grid and a plot of rate against distortion
//! io/              files: READERS know a format by its content; writers replace a file whole or not at all
//!   recognise.rs   what named tensors amount to: a quantizer, features or codes
//!   model/         quantizers as the field's trainers store them
//!   write/         containers that models go into, listed in WRITERS
//!   patch.rs       a copy of a file in which some tensors have other numbers: how a codebook goes back into its checkpoint
//! doctor/          what is wrong with a quantizer, by which figures, and what to change: CHECKS
//! training/        the training loop step by step, its history, and a run as panels and reports see it
//! metrics/         every figure once: the formula, its definition in words, and what it is where nothing defines it
//!   timeline/      frames over time at every scale: the tiles that pictures of a whole corpus are put together from
//! features/        frames of numbers that are known to be finite, the EXTRACTORS that make them of audio, and the way back
//! rvq/             the quantizer: layers, search, k-means, parameters
//!   rules/         how each trainer moves its codebooks, listed in RULES
//! sound/           playing: takes of the same sound, one in the place of another while they play
//! audio/           samples: mix-down and resampling, of whole clips and of what comes in block by block
//! mapped.rs        files in memory's place: large features are read from disk as they are needed
//! markup/          texts and tables as others read them: XML, CSV, Markdown, LaTeX
//! param.rs         descriptions of parameters, off which forms, flags, file headers and tooltips are read
//! random.rs        one seeded stream of random numbers for each purpose
//! task.rs          cancelling, and telling how far work is
//! text/            what is said to people: a catalogue in each language, texts with their figures, and which language a thread speaks
//! ranks/           several processes at one piece of work: what they tell each other, and sums without an order
//! ```
//!
//! # How data flow
//!
//! ```text
//! files -> io::open -> Audio -> EXTRACTORS -> FeatureSet -> Dataset
//!                   -> features ------------------^            |
//!                   -> codes -> tokens over time, usage        |
//!                   -> model -> Rvq                            v
//!                                |          train: Split -> Trainer -> StepRecord -> History
//!                                |                             |
//!                                +--> evaluate: Encoder -> Run (quantizer, parameters, evaluations)
//!                                                              |
//!                       panels, reports, model files, codes <--+
//! ```
//!
//! Frames lead back to samples where their extractor has an [`features::Inverse`]: [`jobs::listen()`] goes that way, a [`sound::Player`] plays what comes of
//! it.
//!
//! A [`jobs::JobSpec`] says what is to be done and [`jobs::run`] does it, reporting through a [`jobs::JobCtx`]. The command line runs jobs where
//! it stands; a [`session::Session`] runs each on a thread of its own and takes in what they tell when the window polls.
//!
//! # Words
//!
//! - **frame**: one vector of the data. **Code**: the number of a row of a **codebook**. **Layer**: a codebook with what stands around it.
//! - **quantizer**: the layers together, an [`rvq::Rvq`]. **Model**: a quantizer in a file. **Checkpoint**: a trainer's file with one inside, or a
//!   training between two steps as the workspace keeps it.
//! - **run**: a training, a loaded model, a mended copy of either, a member of a comparison or a sweep, or codes alone, with an id that never
//!   changes ([`session::RunEntry`]). Its quantizer with parameters and figures, as panels and reports see it, is a [`training::Run`].
//! - **evaluate**: quantize frames and count. **Encode**: frames to codes. **Resume**: take up a training behind its last step.
//! - **repair**: fixes that are worked out from some frames, judged by others, and kept where they do no harm, without training.
//! - **finding**: a sentence on what stands out. **Verdict**: whether a layer is healthy, why, and what to change.
//! - **workspace**: what a window has and keeps: references to data, runs, what is shown and planned.
//!
//! # What always holds
//!
//! - **The window never waits** for a file, a dialog or a computation. `Session::apply` and `Session::poll` return at once, and a window that
//!   does not look for a while has lost no scalar when it does.
//! - **A panic is a notice, not an exit.** A failed or cancelled job changes nothing that was there; what a replaced job still says goes nowhere.
//! - **A run knows what it belongs to.** Its codes are made of its own data and no other; a job's mail changes the run that it works for.
//! - **Whole files or none.** What is written replaces a file in one move; what is read is taken in whole, or what was open stays open.
//! - **The same bits everywhere.** The seed is part of the parameters, every purpose has its own random stream, and sums are added in fixed
//!   blocks in a fixed order: any number of threads, in the window and on the command line, gives the same quantizer and the same figures. A
//!   training that was stopped, or killed, and resumed is the one that was never stopped. Several ranks train the same bytes whatever their
//!   number; theirs and those of one process alone differ by what sums are rounded.
//! - **Inputs are finite at the door.** A `FeatureMatrix` holds at least one frame and no NaN, a `Codebook` no NaN, `ValidRvqParams` no value out
//!   of range; nothing behind them checks again.
//! - **No formula twice.** A figure's function stands once; its tooltip and its line in a report's footer are one text of the catalogue, which a
//!   test holds against the function's documentation; what is undefined is `None`, never 0.
//! - **Every text has its key.** What the window shows and what `--help` says comes out of the catalogue, in English and Chinese, and is said in
//!   the language of the thread that reads it: the window's own; English for commands, reports, logs and files.
//! - **Held out is held out.** Frames that a run is judged by were never trained on, in whatever way the run was stopped, edited and resumed.

#[cfg(feature = "gui")]
pub mod app;
pub mod audio;
pub mod cli;
pub mod doctor;
pub mod features;
pub mod io;
pub mod jobs;
pub mod mapped;
pub mod markup;
pub mod metrics;
pub mod param;
pub mod random;
pub mod ranks;
pub mod report;
pub mod rvq;
pub mod session;
pub mod sound;
pub mod store;
pub mod task;
pub mod text;
pub mod training;
pub mod watch;
