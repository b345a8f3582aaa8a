param-num_layers = Layers (n_q)
    .help = How many codebooks stand one behind the other. Each quantizes what the ones before left over.
param-codebook_size = Codes (K)
    .help = Codes in each layer. A layer spends log2 K bits a frame.
param-codebook_dim = Codebook dimension
    .help = Codebooks of fewer dimensions than the frames: a fixed linear map stands in front of each layer and one behind it, made of the principal axes of what the layer sees when it starts. 0, or the frames' own dimension, for none.
param-decay = Decay
    .help = The share of the running average that a step keeps. The window is 1/(1-decay) steps: 100 at 0.99.
param-epsilon = Epsilon
    .help = Laplace smoothing of the cluster sizes, which keeps an unused code from being divided by zero.
    .moshi = The smallest cluster size that a row is divided by. There is no other smoothing.
param-threshold_ema_dead_code = Dead-code threshold
    .help = A code whose EMA cluster size falls below this many frames a batch is replaced by a frame of the batch. 0 turns replacement off. At N/K (batch size over codes) or more it declares every code dead.
    .rvqscope = A code whose EMA cluster size falls below this share of N/K (batch size over codes) is moved to a frame that has an error. 0 turns replacement off.
    .moshi = At every fifth step, a code whose EMA cluster size is below this share of C/K (the sum of all sizes over codes) is replaced by a frame of the batch. 0 turns replacement off.
param-reset_cluster_size = Reset cluster size
    .help = The EMA cluster size that a replaced code starts with; 0 takes the threshold.
    .lucidrains = The EMA cluster size that a replaced code starts with; 0 takes the threshold. Below the threshold it is replaced again at the next step unless frames choose it.
param-metric = Distance
    .help = How the nearest code is found: by squared distance, or by the angle between unit vectors.
param-assignment = Assignment
    .help = Exact: the nearest code. Upstream: the smallest x² - 2xe + e² in 32-bit floats, as trainers compute it, which goes wrong where the mean of the data lies far from zero. Held-out figures are exact in both cases.
param-init = Start from
    .help = Where the first codebooks come from: k-means, frames drawn at random, or random numbers.
param-kmeans_iters = k-means iterations
    .help = Lloyd iterations of the k-means that starts each layer.
    .rvqscope = Lloyd iterations at most of the k-means that starts each layer, on up to 64 frames a code. From 2048 codes on it looks at 262 144 frames or 8 a code, and ends where an iteration gains less than 0.03 %.
param-commitment_weight = Commitment weight
    .help = Factor of the commitment loss that is shown. The codebooks do not depend on it: it acts on an encoder.
param-batch_size = Batch
    .help = Frames a step. Codes get N/K frames a step on average, which is what a threshold is measured against.
param-steps = Steps
    .help = Where training ends. It can be continued from there.
param-order = Order
    .help = Shuffled: a new random order each epoch, an incomplete last batch is dropped. Sequential: as the frames come, and an incomplete last batch is used.
param-search = Search in training
    .help = How a step's codes are searched. Along B paths, as the encoder's beam goes, every layer sees what each of them leaves over, and rows serve such a search better: each path counts as a frame. The model is a plain RVQ all the same.
param-refit = Refits at the end
    .help = So many of the last steps search codes along the paths and then move the rows of all layers at once by least squares, held by a few frames at their old places. Nine tenths of the training frames are fitted; what makes the last tenth worse is not kept. 0 for none.
param-quantizer_dropout = Quantizer dropout
    .help = Each step trains a random number of leading layers, so that fewer layers also work on their own.
param-calibrate = Calibrate
    .help = Behind the last step, the rows of each layer behind the first are multiplied by the factor with which frames that it was not trained on lose least: what is left of training frames is less than what is left of new ones.
param-keep_best = Keep the best
    .help = Behind the last step, the state with which held-out frames lost least on the way is kept in place of the last one, where that is clearly worse, both calibrated if so it is meant. Frames are looked at every ten to fifty steps. Resuming goes on from the last one all the same.
param-patience = Patience
    .help = Training ends early where held-out SNR has not gained more than 0.01 dB for so many steps; a change on the way begins the count anew. 0 takes all steps.
param-seed = Seed
    .help = Start of every random draw. The same seed, data and parameters give the same bytes.
param-sample_rate_hz = Sample rate
    .help = The rate that audio is resampled to before anything else. Features reach up to half of it.
param-n_fft = FFT size
    .help = Samples of one Fourier transform, an even number. More samples tell lower pitches apart and blur what is quick.
param-hop_length = Hop
    .help = Samples from one frame to the next. The frame rate is the sample rate over the hop: 16000 / 160 = 100 a second.
param-win_length = Window
    .help = Length of the Hann window, at most the FFT size. A shorter window lies in the middle, with zeros around it.
param-num_mels = Mel filters
    .help = How many bands the spectrum is summed into. With many filters and a short FFT the lowest ones fall between two frequencies and stay empty.
param-fmin_hz = Lowest frequency
    .help = Where the lowest mel filter starts.
param-fmax_hz = Highest frequency
    .help = Where the highest mel filter ends; 0 for half the sample rate, which is also the most.
param-power = Spectrum power
    .help = 1 sums magnitudes into the mel bands, as vocoders do; 2 sums energies, as speech recognizers do.
param-log_floor = Log floor
    .help = Mel values below this count as this before the logarithm, so that silence is a number: ln(1e-5) = -11.5.
param-num_mfcc = Coefficients
    .help = Cepstral coefficients kept, at most the number of mel filters. The 0th is the frame's overall level.
param-frame_length = Frame length
    .help = Samples of a frame, which are its dimensions. Frames follow each other without overlap: 320 at 16 kHz are 20 ms.
param-extractor = Features
rule-rvqscope = rvqscope (recommended)
    .help = k-means on each layer's own residuals whose idle codes move to where they save most, EMA state that agrees with its rows from the start, a threshold relative to N/K, replacements that stay, and rows calibrated at the end.
rule-moshi = Moshi (Mimi)
    .help = What Mimi's trainer does: one layer starts a step, every fifth step replaces codes that are used less than a share of the average.
rule-encodec = EnCodec
    .help = What EnCodec, audiocraft and SpeechTokenizer do. Dead codes are replaced before the running average is written, which overwrites them: replacement has no effect.
rule-gpt-sovits = GPT-SoVITS
    .help = What GPT-SoVITS does today. A replaced code keeps its old averages, so the next step pulls it back to where it was.
rule-lucidrains = vector-quantize-pytorch
    .help = What vector-quantize-pytorch does, by distance or by angle. It starts from random numbers and replaces no code unless told to.
extractor-mfcc = MFCC
    .help = The smooth shape of the log-mel spectrum in a few numbers: which sound is said, with little of the pitch it is said at.
extractor-waveform = Raw waveform
    .help = The samples themselves, cut into frames. Shows how poorly vectors code a signal whose phase is left in.
extractor-log-mel = Log-mel spectrogram
    .help = The level in bands spaced as the ear spaces pitch, frame by frame. What vocoders and many speech tokenizers take in. Equals librosa's with pad_mode="reflect", which is not librosa's default.
# What work is at, as its progress is told; `stage` is another of these.
stage-done = { $stage } ({ $done } of { $total })
stage-layer = layer { $layer }
stage-layer-of = layer { $layer } of { $layers }
stage-k-means = k-means, { $layer }
stage-seeding = { $stage }, seeding
stage-frames = { $stage }, frames
stage-reading = reading
stage-reading-file = reading { $file }
stage-reading-archive = reading an archive
stage-looking-through-folders = looking through folders
stage-checking-values = checking the values
stage-copying-checkpoint = copying the checkpoint
stage-resampling = resampling
stage-extracting = { $extractor }, { $clip }
stage-log-mel = log-mel spectrogram
stage-mel-bands = spectrum of the mel bands
stage-cepstrum = cepstrum
stage-waveform-frames = waveform frames
stage-phases = phases
stage-versions = versions
stage-encoding = encoding
stage-evaluating = evaluating
stage-calibrating = Calibrating
stage-refit-codes = refit: codes
stage-refit-rows = refit: rows
stage-looking-at-checkpoints = looking at checkpoints
stage-waiting-for-checkpoints = waiting for checkpoints
# What a corpus is.
corpus-uniform = uniform in [0, 1)
corpus-of-audio = { $n } { $n ->
    [one] clip
   *[other] clips
    } of audio, { $extractor }
# What is told of a folder of checkpoints that is watched.
watch-unreadable = { $file } cannot be read: { $text }
watch-asks = { $file }, like others of its kind, leaves open what its quantizer is: { $text }. Open it here once (File > Open) and choose; while that run is there, what was chosen holds for the whole folder: watch it again then
watch-skipped = { $file } is left out, like others of its kind: { $text }
frames-range = { $first } to { $last }
frames-list = { $before }, { $next }
corpus-of-features = { $n } { $n ->
    [one] file
   *[other] files
    } of features
corpus-of-features-on-disk = { $n } { $n ->
    [one] file
   *[other] files
    } of features, read from disk as needed
axis-chosen = chosen by you
axis-by-hand = chosen by hand
axis-usual-dimensions = { $dim } is a usual number of dimensions, so the other axis is time
axis-leading-one = a leading axis of 1 is usual for [1, dimensions, frames]
axis-equal-frames-first = both axes are equally long; frames usually come first
axis-equal-layers-first = both axes are equally long; layers usually come first
axis-more-rows = { $rows } rows are more than { $columns } columns, and time is longer
axis-more-columns = { $columns } columns are more than { $rows } rows, and time is longer
axis-clips-differ = in it the { $clips } clips differ
axis-one-alone = one axis alone is one layer over time
axis-file-says = the file says so
axis-format-says = the format says so
axis-first-has-layers = its first axis is as long as the quantizer has layers
axis-second-has-layers = its second axis is as long as the quantizer has layers
axis-last-has-layers = its last axis is as long as the quantizer has layers
axis-first-has-the-layers = its first axis is as long as the quantizer has layers, { $layers }
axis-second-has-the-layers = its second axis is as long as the quantizer has layers, { $layers }
axis-second-longer = its second axis is longer than its last, and time is longer
axis-last-longer = its last axis is longer than its second, and time is longer
axis-clips-of-one-layer = every array is a clip of one layer
axis-arrays-are-layers = every array is a layer
axis-lines-are-clips = every line is a clip of one layer
axis-row-is-frame = every row of the table is one frame
axis-lengths-say = { $file } counts the rows of each clip
axis-bare-numbers = bare numbers were read frame by frame
source-demo = Demo: speech in several voices
source-example = Example: 1000 uniform vectors of dimension 30
source-no-file = no file
source-files = { $first } and { $n } more
# What is said of a file, or of the first of several; `words` is a sentence.
about-file = { $words }: { $path }
about-files = { $words }: { $path } and { $n } more
kind-audio = audio
kind-features = features
kind-codes = codes
# What a value must be.
param-wrong = { $label } ({ $key }) is { $got }, but must be { $wanted }
wanted-whole = a whole number from { $min } to { $max }
wanted-paths = greedy, or beam:B with B from 2 to { $max }
wanted-at-least = a number of at least { $min }
wanted-number = a number from { $min } to { $max }
wanted-one-of = one of { $words }
wanted-on-or-off = on or off
wanted-even = an even number
wanted-at-most-n-fft = at most the FFT size, { $n }
wanted-at-most-half-rate = at most half the sample rate, { $hz } Hz
wanted-below-fmax = below the highest frequency, { $hz } Hz
wanted-at-most-num-mels = at most the mel filters, { $n }
# How a model was trained.
model-trained = { $steps } steps
model-trained-under = { $steps } steps under the rule { $rule }, seed { $seed }
# Codes without their codebooks.
codes-size-range = { $least } to { $most }
codes-size-assumed = K = { $size } is assumed: the largest code is { $largest }
codes-size-user = K = { $size }, as you say
codes-size-model = K = { $size }, as the model has
codes-size-file = K = { $size }, as the file says
codes-few-frames = The { $frames } frames are fewer than 10 a code: utilization and perplexity come out too low
codes-tuples = As identifiers, { $rate } % of { $tuples } tuples collide; different prefixes of 1, 2, ... layers: { $prefixes }
# What a job tells, and why one cannot be done.
job-no-threads = no threads could be started to compute on: { $problem }
job-no-codes = this file holds no codes; give whole numbers, one row a layer
job-start-differs = --start is { $start }, but these codes say that they begin at layer { $stated }
job-no-code-for-frame = layer { $layer } has no code for frame { $frame }, so that frame cannot be decoded
job-layers-given = { $layers } of { $left } layers are given, so the frames are those of these layers alone
job-sizes-differ = these codes are of a quantizer of { $stated } codes in layer { $layer }, but this one has { $size }
job-no-frame-is-finite = no frame is finite: { $name }
job-not-finite = { $n } of { $frames } frames hold NaN or infinite numbers, { $n ->
    [one] frame
   *[other] frames
    } { $shown } (from 0); only finite numbers can be quantized, and --drop-nonfinite leaves these frames out: { $name }
job-many-not-finite = { $n } of { $frames } frames hold NaN or infinite numbers, { $n ->
    [one] frame
   *[other] frames
    } { $shown } and others (from 0); only finite numbers can be quantized, and --drop-nonfinite leaves these frames out: { $name }
job-no-temporary-file = the features do not fit in memory, and could not be kept in a temporary file ({ $problem }): { $folder }
job-no-file = there is no file to open
job-two-models = two models were given, but only one can be looked at: { $one } and { $other }
job-two-kinds = { $a } ({ $a_count }) and { $b } ({ $b_count }) do not make one corpus: open one kind at a time
job-frames-left-out = { $n } { $n ->
    [one] frame
   *[other] frames
    } with NaN or infinite numbers left out, as you say
job-other-data = this run is of other data than those that are open: { $paths }
job-no-standardizing = standardizing moves the centre of the data, and with it every angle that the cosine distance goes by: use one of the two
job-nothing-to-train = there is nothing to train
job-too-large-to-standardize = these features are too large to keep a standardized copy of; train without standardizing, which finds the same codes: { $name }
job-nothing-to-compare = there is nothing to compare
job-entries-differ = { $one } and { $other } differ in { $flag }, which trainings that are compared share
job-written-back = Wrote { $layers } of { $of } codebooks back: { $tensors } tensors of { $path } have new numbers, all else is the same
job-repair-needs-held-out = a repair is judged by held-out frames: give --holdout above 0, and data of more than a few frames
job-layers-differ = these codes have { $layers } layers, but those before have { $before }: open files of one quantizer, or say which axis is time: { $name }
job-codes-not-joined = the codes cannot be joined: { $problem }
job-codebook-too-small = the largest code is { $largest }, so a codebook has { $needed } codes or more, not { $size }
job-too-many-codes = { $layers } layers of { $size } codes are more than any quantizer has: these are no codes, or the other axis is time
workspace-kept-aside = { $problem }. It is kept aside at { $path }
workspace-was-open = The workspace that was open is kept at { $path }
workspace-not-written = what has changed last could not be written to the workspace; a notice says why
listen-not-of-audio = these frames were not made of audio here, and no file tells how to make sound of them; open the audio itself, of which log-mel or waveform frames are made: { $name }
listen-no-way-back = { $extractor } frames have no way back to samples, since pitch and the fine shape of the spectrum are not in them; take --features log-mel or waveform and a model of those, or listen to the source
listen-no-sample = there is no sample in this stretch; take a longer one
listen-no-frame-rate = seconds mean nothing to frames without a frame rate
listen-no-frame = there is no frame from { $from } s to { $to } s: the stretch has { $secs } s
listen-no-clip = { $n ->
    [one] there is no clip { $asked }; there is 1 clip, numbered from 0, the first { $first }
   *[other] there is no clip { $asked }; there are { $n } clips, numbered from 0, the first { $first }
    }
listen-no-frame-has-code = none of these { $n } { $n ->
    [one] frame
   *[other] frames
    } has code { $code } in layer { $layer }
# Trainings of several processes, which commands alone start.
ranks-differ = the frames of rank { $rank } have { $dim } dimensions, but those of rank { $own_rank } have { $own_dim }
ranks-clips-of-demo = clips of the demo
ranks-frames-of-example = frames of the example
ranks-frames = frames
ranks-too-many = { $count } { $what } cannot be shared out among { $ranks } ranks; start { $count } or fewer
ranks-other-kind = several ranks train on audio or features and nothing else: { $names }
ranks-cannot-share = { $files } files for { $ranks } ranks can only be shared out by rows, and for that each must be an array of f32 of 1 MiB or more in a .npy file, row by row a frame, of which no frame is left out; start fewer ranks, or cut the file: { $path }
ranks-too-many-frames = { $total } frames are more than can be told apart; train on at most { $most }
ranks-not-resumed = the run { $name } cannot be taken up: it holds no training between two steps, or one of standardized frames
ranks-other-data = the training to be taken up is of other data: { $paths }
# Why no features come of a clip, and what can be wrong with features.
extract-empty = the clip is empty: there is no sample to make a frame of
extract-too-large = { $frames } frames of { $dim } dimensions are too many to hold; take a longer hop or fewer dimensions
extract-other-dimension = frames of { $dim } dimensions are not what these parameters make: theirs have { $expected }
extract-too-long = { $frames } frames are too many to be made into sound at once; take a stretch of at most { $most }
extract-transform = the Fourier transform failed: { $problem }
features-empty = there are no values: { $frames } frames of { $dim } dimensions
features-not-finite = the value at frame { $frame }, dimension { $dim } is { $value }; only finite numbers can be quantized
features-other-dimension = { $name } has { $dim } dimensions, but what came before has { $expected }
features-the-matrix = the feature matrix
# What can be wrong with a sweep, or with a comparison, as it is written.
no-such-rule = there is no rule { $rule }; the rules are { $known }
axis-malformed = { $axis } is no axis: write a parameter and its values, as in codes=256,1024
axis-unknown = there is no parameter { $name } under the rule { $rule }; there are { $known }
axis-not-read = { $flag } means nothing to the rule { $rule }; it is read by { $readers }
axis-twice = { $axis } is swept twice
axis-value-twice = { $axis } has the value { $value } twice
sweep-seeds-twice = seed is swept, so that there can be no more seeds besides: leave out one of the two
sweep-too-many = these are { $count } trainings, more than { $most }: leave out values or seeds
sweep-no-seed = a sweep needs at least one seed
entry-malformed = { $setting } is no setting: write RULE:name=value:name=value, as in encodec:threshold=2
entry-not-comparable = { $name } cannot be set for { $rule } alone; what can be is { $known }
entry-too-few = a comparison needs at least two entries, such as encodec,rvqscope
