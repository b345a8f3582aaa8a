# The help of the command line: commands, what stands below their flags, and flags. Names of flags, files and formats stay as they are, and so do
# the examples. A line here is at most 96 columns wide in Chinese.

# Words that clap has of its own in English.
help-clap =
    .usage = {"Usage: "}
    .options-in-usage = {"["}OPTIONS]
    .command-in-usage = {"["}COMMAND]
    .commands = Commands
    .arguments = Arguments
    .options = Options
    .heading = { $heading }:
    .default = {"["}default: { $value }]
    .possible-values = {"["}possible values: { $values }]
    .print-help = Print help
    .print-version = Print version
    .help-command = Print this message or the help of the given subcommand(s)
# Headings of manual pages.
help-man-page =
    .name = NAME
    .synopsis = SYNOPSIS
    .description = DESCRIPTION
    .options = OPTIONS
    .commands = SUBCOMMANDS
    .notes = NOTES
    .default = {" [default: "}
    .possible-values = Possible values:
# What stands for a value: short, without blanks.
help-value =
    .dir = DIR
    .model = MODEL
    .run = RUN
    .file = FILE
    .ids = ID,...
    .codes = CODES
    .end = END
    .start = ST
    .frames = FRAMES
    .data = DATA
    .hz = HZ
    .name = NAME
    .form = FORM
    .share = SHARE
    .shell = SHELL
    .seconds = SECONDS
    .wav = WAV
    .name-or-number = NAME|N
    .family = FAMILY
    .type = TYPE
    .checkpoint = CHECKPOINT
    .place = PLACE
    .metric = METRIC
    .size = SIZE
    .id-list = ID,ID,...
    .id = ID
    .offsets = auto|STEP[,BASE]
    .rules = RULE,RULE,...
    .sweep = KEY=V,V
    .rule = RULE
    .init = kmeans|sample|uniform|MODEL
    .jsonl = FILE.jsonl
# What a parameter's flag says of itself: its help, then facts in brackets.
help-param = { $help } { $facts }
help-param-init = { $help } A model file continues from its embed, cluster_size and embed_avg. [default: { $default }]
help-facts = {"["}{ $facts }]
    .from = from { $min }
    .range = { $min } to { $max }
    .paths = B from 2 to { $max }
    .default = default: { $value }
    .default-in-unit = default: { $value } { $unit }
    .readers = read by { $readers }
help-item = { $id }: { $words }
help-list-between = {", "}
help-pitfalls-between = {". "}
help-program = An instrument for residual vector quantizers: train, evaluate, and compare codebooks
    .usage =
        rvqscope [FILE...]           open the window
               rvqscope <COMMAND> [...]     run a command without one
    .notes =
        Files are known by their content: audio, arrays, tables, checkpoints, codes. A folder stands for the files in it.
        Progress goes to standard error, results to standard output or files.
        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a severe finding (doctor and watch, --strict), 130 interrupted.

        Start with:
          rvqscope report --demo --out report                      train on built-in speech; figures and plots
          rvqscope train speech/ --out m.safetensors               train on audio, features, or folders
          rvqscope report test/ --model m.safetensors --out report evaluate a model on other data
          rvqscope COMMAND --help                                  every flag, with its range and default

        { $variable }=en or zh chooses the language of this help and of the window; else it is the system's.
help-report = Write report.html, metrics.json, layers.md and layers.tex, and CSV and SVG of every plot: of a model, on data or by its own buffers, or of a training; or compare.html of several runs
    .notes =
        Examples:
          rvqscope report --demo --out report
          rvqscope report test/ --model model.safetensors --out report
          rvqscope report --model s2G.pth --out report
          rvqscope report test/ --compare a.safetensors b.safetensors --out side-by-side
          rvqscope report --compare report-a/ report-b/metrics.json --out side-by-side --format latex
          rvqscope report --article --codes 64 --layers 8 --holdout 0 --out report
    .model = Report on this model instead of training one: on all frames of the data, or on a share with --holdout; without data, by what its file alone tells
    .compare = Report on several runs side by side, each held against the first. A run is a model file, judged by the data (which stand in front of this flag) or by its buffers; a run of a workspace (runs/N.safetensors), with its steps, judged by the data or as it was; or a report's folder or metrics.json, with the figures and the steps that are written there
help-folder-to-write = The folder to write; made where only its last part is missing
help-doctor = Name what is wrong with a model, the figures behind it, and what to change
    .notes =
        Examples:
          rvqscope doctor s2G.pth
          rvqscope doctor model.safetensors test/ --strict && ./next-step
          rvqscope doctor model.safetensors test/ --json > findings.json

        Without data a model is judged by its buffers. Findings are printed the worst first: severe, warning, note.
    .json = Print JSON: schema, model, layers, frames, findings (id, severity, layers, codes, measured, text, remedy, why, source), notes
    .strict = End with exit code 3 where a finding is severe
help-the-quantizer = The quantizer
help-beam-keep = Keep B paths behind each layer [default: 1]
help-repair = Mend a model on data without training it, and keep what does no harm on held-out frames
    .notes =
        Examples:
          rvqscope repair model.safetensors speech/ --out mended.safetensors
          rvqscope repair s2G.pth hubert/ --fix replace-dead,refit --beam 5 --out mended.safetensors

        Without --fix, what `rvqscope doctor` finds is mended. A fix that makes the SNR or the number of used codes worse on the held-out frames is not kept.

        Fixes:
        { $fixes }
    .out = The mended model
    .fix = Fixes, or findings to mend [default: those that the findings call for]
    .layer = Change this layer alone, from 0 as in --json [default: all]
    .json = Print JSON: schema, written, tried (fix, rows, before, after, kept)
    .beam = Search codes along B paths, in fitting and in judging [default: 1]
help-encode = Write the codes of audio or features as int32 of shape [n_q, T]
    .notes =
        Example:
          rvqscope encode model.safetensors speech.wav --out codes.npy --layers 4
    .out = The file to write: .npy, or .safetensors, which also says K, clips and frame rate
    .layers = Stop before this layer, counted from the first of all [default: all]
    .start = Start at this layer, from 0: the data are taken as what it sees [default: 0]
    .beam = Keep B paths behind each layer, the greedy one and the B - 1 best others, so that no frame gets worse [default: 1]
help-decode = Write the frames that codes stand for as float32 .npy of shape [T, D]
    .notes =
        Example:
          rvqscope decode model.safetensors codes.npy --out x.npy
    .codes = Whole numbers; where the file does not say which axis counts layers, the model does
    .out = The file to write (.npy)
    .start = The layer that the first row of codes belongs to, from 0 [default: what the file says, or 0]
help-heading =
    .data = Data
    .features = Features of audio
    .comparing = Comparing rules
    .ranks = Several ranks: mpirun -n R rvqscope train ...
    .training = Training
    .quantizer = Quantizer
help-data = Audio, features, or folders of them
    .demo = Use the built-in speech: 90 seconds, twelve voices
    .article = Use 1000 uniform random vectors of dimension 30
    .frame-rate = Frames a second of bare features, for bit rates; audio has its own
    .channel = Use this channel of audio, from 0 [default: the mean of all]
help-format = How figures are printed: table (with the words around it), csv (every digit), markdown or latex (booktabs)
help-holdout = Share of the frames that is kept apart to judge by: whole clips, or the tail; 0 for none
help-threads = Threads to compute on [default: all]; any number gives the same bytes
help-completions = Print what a shell needs to complete commands, flags and values
    .notes =
        Examples:
          rvqscope completions bash > ~/.local/share/bash-completion/completions/rvqscope
          rvqscope completions zsh > "{"$"}{"{"}fpath[1]{"}"}/_rvqscope"
          rvqscope completions fish > ~/.config/fish/completions/rvqscope.fish
    .shell = The shell
help-man = Print the manual page, or write one for each command into a folder
    .notes =
        Examples:
          rvqscope man | man -l -
          rvqscope man ~/.local/share/man/man1 && man rvqscope-train
    .dir = The folder for the pages; made where it is missing [default: print the page of rvqscope itself]
help-install-desktop = Put the window into the desktop's menu and offer it for the files that it opens (Linux, for this user)
    .notes =
        It writes a menu entry that starts this very binary, an icon, and types for endings that the system does not know, such as .safetensors,
        below the user's data folder (XDG_DATA_HOME, or ~/.local/share), and prints each path.
    .remove = Take all of it back
help-listen = Write as WAV what a model leaves of audio after so many layers, or the places where it uses a code
    .notes =
        Examples:
          rvqscope listen speech/ --model m.safetensors --layers 2 --out two.wav
          rvqscope listen speech/ --model m.safetensors --clip 3 --from 1.5 --to 4 --out stretch.wav
          rvqscope listen speech/ --source --clip one.wav --out source.wav
          rvqscope listen speech/ --model m.safetensors --layer 0 --code 17 --out code.wav

        Frames of raw samples are laid end to end. Log-mel frames have no phases: the mel filters are undone by non-negative least squares, and phases
        that fit are searched for (fast Griffin-Lim), so that even unquantized frames sound a little rough. MFCC frames have no way back, and
        neither have features that were read from files.
    .out = The file to write: one channel of float32, at the sample rate of the features
    .layers = Hear the sum of the first K layers; 0 for the source itself [default: all]
    .source = Hear the audio itself, as the features see it: one channel, at their sample rate
    .clip = Of this clip alone, by its name or its number from 0 [default: all, one after the other]
    .from = Begin here, counted from the start of the clip, or of all clips
    .to = End here
    .layer = With --code: the layer that it is of, from 0
    .code = Hear the places where the model uses this code, from the source unless --layers says otherwise, with 0.1 s of silence between them
    .context = With --code: frames on either side of a place [default: 5]
    .most = With --code: places at most, evenly spread over all of them [default: 20]
    .iterations = Iterations of the search for phases [default: { $default }]
    .json = Print JSON: schema, written, layers, samples, sample_rate_hz, seconds, frames, pieces, spectral_convergence, log_spectral_distance_db
help-inspect = Print what a file holds: the layout and layers of a model, or the shape, time axis and clips of audio, features or codes
    .json = Print JSON: schema, and of a model: family, metric, layers (codes, dim, dtype, buffers), findings. Of all else: kind, shape, dtype, frames, dim, time_axis, clips, to_open, findings, and more
    .notes =
        Examples:
          rvqscope inspect model.safetensors --json
          rvqscope inspect hubert.npy
          rvqscope inspect codebook.npy --as model

        An array that could be features or a codebook is taken for features, unless something is said of a model.
    .file = A model, audio, features or codes
help-convert = Write a quantizer in another container, under other names, or as numbers of another type
    .notes =
        Examples:
          rvqscope convert codebook.npy --out model.safetensors
          rvqscope convert model.safetensors --to bare --out codebooks.npz
          rvqscope convert s2G.pth --dtype f32 --out quantizer.pth

        Only the quantizer is written. To put one into a whole checkpoint, see `rvqscope write-back --help`.
        What the target cannot hold is told on standard error.
    .to = Whose tensor names [default: those of the model; .npy holds a bare array]
    .dtype = The type of the numbers [default: that of the model]
    .out = The file to write ({ $endings })
help-write-back = Write a changed quantizer into a copy of the checkpoint that it came from, and leave every other byte as it is
    .notes =
        Examples:
          rvqscope train hubert/ --init s2G.pth --rule gpt-sovits --layers 1 --out retrained.safetensors
          rvqscope write-back retrained.safetensors --into s2G.pth --out s2G-retrained.pth
          rvqscope write-back rows.npy --into other.pt --codebook 'rq.{"{"}i{"}"}.weight' --out changed.pt

        Beside the rows, the EMA state (cluster_size and embed_avg, or what the checkpoint calls them) is set so that
        the trainer's next step keeps the rows, and no code expires in it. Give the trainer's own decay, epsilon and
        threshold. Under --codebook nothing but the named tensors is written.
    .model = The changed quantizer
    .into = The checkpoint that it came from
    .out = The copy to write; it may be the checkpoint itself
    .threshold = The size below which the trainer replaces a code [default: 2; for Mimi 0.1 x C/K]
    .decay = The trainer's decay
    .epsilon = The trainer's epsilon
    .quantizer = Of several quantizers in the checkpoint, and in the model file, the one whose tensor names start like this [default: the only one]
    .strides = How many frames share one code, by layer, where the checkpoint could be a DAC (1) or a SNAC (4,2,1) and does not tell
    .codebook = Write the rows into the checkpoint's tensors of this name, whatever its layout: `rq.{"{"}i{"}"}.weight`, with {"{"}i{"}"} for the layer
    .transposed = The checkpoint's tensors that --codebook names are [D, K], and are written so
    .cluster-size = The EMA cluster sizes beside the tensors that --codebook names, to be written as well; all other tensors stay as they are
    .metric = How the checkpoint measures distances, where its tensors could mean either
help-model =
    .quantizer = Of several quantizers in the model file, the one whose tensor names start like this: `generator`, say [default: the only one]
    .strides = How many frames share one code, by layer, where the model file could be a DAC (1) or a SNAC (4,2,1) and does not tell
    .codebook = Read the codebooks from tensors of this name, whatever the model file's layout: `rq.{"{"}i{"}"}.weight`, with {"{"}i{"}"} for the layer
    .transposed = The codebooks that --codebook names are stored as [D, K]
    .cluster-size = The EMA cluster sizes beside the codebooks that --codebook names
    .metric = How distances are measured, where the model file's tensors could mean either
help-reading =
    .as = What the files are, where their content leaves it open [default: what the command needs, then what they say]
    .time-axis = Which axis of features or codes is time [default: guessed from the shape]
    .as-only-codes = What the file of codes is; only { $kind } makes sense here [default: { $kind }]
    .as-only-file = What the file is; only { $kind } makes sense here [default: { $kind }]
    .as-only-either = What either file is; only { $kind } makes sense here [default: { $kind }]
    .dim = Dimensions of a frame in files of bare float32 numbers, which say nothing of themselves
    .ignore = Ids that stand for no code; -1 and -100 do anyway
    .pad = The id that fills codes up; frames of nothing else at the ends of clips are cut off
    .delay = Undo a delay pattern, in which each layer is late by some frames; without numbers the pads tell by how many
    .offsets = Undo ids that were shifted by layer (BASE + layer x STEP + code), also where the layers of a frame stand in one row
    .drop-nonfinite = Leave out frames with NaN or infinite numbers, which are refused otherwise
help-train = Train a quantizer on audio or features and write it; print figures by layer
    .notes =
        Examples:
          rvqscope train speech/ --out model.safetensors
          rvqscope train hubert.npy --rule gpt-sovits --layers 1 --out sovits.safetensors
          rvqscope train more/ --init model.safetensors --steps 500 --out longer.safetensors

        Flags of the quantizer are those of the chosen rule: see `rvqscope train --rule gpt-sovits --help`.
    .fit-data = Take batch, decay, steps, threshold and patience from the data where no flag says them, and tell the reasons
    .out = The model file to write ({ $endings }); with --compare a folder for one model a run
    .compare = Train a run under each of several rules, from the same centroids and on the same batches, and print a row for each. A rule may have settings of its own: encodec:threshold=2:decay=0.95. What can be set is { $settings }.
    .pitfall = Show a known fault of trainers on the demo. { $pitfalls }
    .checkpoint-every = Write what it takes to go on to MODEL.checkpoint (the name of --out with that ending) at every N steps
    .resume = Go on with the training that was kept, on the same data and by any number of ranks; --steps may be another
help-sweep = Train every combination of some parameters' values, with several seeds each; compare rate and distortion
    .notes =
        Examples:
          rvqscope sweep speech/ --sweep codes=256,1024 --sweep layers=4,8 --seeds 3 --out sweep
          rvqscope sweep --demo --sweep rule=rvqscope,encodec,moshi --steps 300 --out rules
          rvqscope sweep hubert.npy --rule gpt-sovits --sweep threshold=0.5,1,2 --out thresholds

        What is not swept is as the flags say: the other flags are those of `rvqscope train`, and so are the results.
        The folder gets a model and its figures (NAME.safetensors, NAME.json) for each run, and of all of them
        sweep.json, sweep.csv, and sweep.html with a grid and a plot of rate against distortion.
        A sweep that was interrupted is resumed by the same command; more values or seeds may be added then.
    .sweep = A flag of the quantizer, or rule, and the values that it takes in turn; given several times, every combination is trained
    .seeds = Train each combination with N seeds, from --seed on, and tell the spread [default: 1]
    .overwrite = Train everything again where the folder holds a sweep already
    .metrics = Write the scalars of every step beside each model, as NAME.jsonl, one JSON object a line
help-training =
    .epochs = Train for so many passes over the data, in place of a number of steps
    .standardize = Train on centred data of unit variance; the model is in input units all the same
    .beam = Judge the quantizer by codes searched along B paths, the greedy one and the B - 1 best others, and say what that gains; how training steps search is said with --search [default: 1]
    .metrics = Write the scalars of every step, one JSON object a line
    .log-dir = Write TensorBoard events into this folder while it trains: scalars of every step, histograms of how codes are used, held-out figures, parameters; several runs have a folder each in it. Held-out frames are then looked at on the way, which takes up to an eighth of the time and changes no figure
help-watch = Follow a training that runs elsewhere: each checkpoint in a folder becomes a line with its figures and what changed since the one before
    .notes =
        Examples:
          rvqscope watch logs/s2/ --probe hubert/
          rvqscope watch checkpoints/ --probe speech/ --json >> watched.jsonl
          rvqscope watch checkpoints/ --strict || kill {"$"}TRAINER
          rvqscope watch checkpoints/ --once --probe speech/

        The training is not touched. A file is opened once it stays as it is, and of it the quantizer alone is read. The step is the file's own counter,
        else the number in its name, else its place by time. Files without a quantizer, such as discriminators and optimizers, are named once and left
        out; what cannot be read is told and does not end the watch; what is deleted stays in the series.
        What is there already comes the newest first, with --once the oldest. Figures are kept for the next time in the user's cache folder, or in the
        file that { $variable } names; nowhere where it is empty.
    .folder = The folder that the trainer writes to; folders in it are looked into
    .probe-frames = Take so many frames of the probe at most [default: { $default }]
    .probe-seed = Under which seed they are drawn [default: 0]
    .once = Go through what is there, and end
    .json = Print a JSON object a line: schema, event (checkpoint, unreadable, skipped, gone, note), file, step, step_from, frames, snr_db, layers, before, findings, new_findings
    .strict = End with exit code 3 where the newest checkpoint has a severe finding; all that are there are looked at before
    .log-dir = Write the figures of every checkpoint into this folder as TensorBoard events as well, by layer
    .probe = Frames to hold every checkpoint against: audio, features, or folders of them [default: none, so that buffers alone tell]
help-unpack-limit = What a compressed file may unpack to, such as 8G [default: { $variable }, or 4G for an archive, and 64M and 256 times its size for audio]
