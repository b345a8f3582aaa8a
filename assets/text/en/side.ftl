# What is loaded, and where more comes from.
side-training = Training
side-data = Data
side-quantizer = Quantizer
side-demo = Demo
    .help = Ninety seconds of speech in twelve voices, with parameters that suit it; trained at once
side-example = Example
    .help = 1000 uniform vectors of dimension 30 and 1024 codes: fewer frames than codes, which has to work
side-nothing-open = Nothing is open yet: drop audio, features, codes or a model anywhere in the window
side-no-data-yet = No data yet: drop audio or features that the model can take anywhere in the window
side-features = Features of audio
    .help = How audio is made into frames: extractor, its parameters, channel
side-summary = What it is
side-frames = { $frames } frames × { $dim }, { $rate } a second
    .unknown = { $frames } frames × { $dim }, frame rate not known
    .help = Frames, dimensions of each, and frames a second
side-split = { $train } train, { $held_out } held-out
    .help = Frames that codebooks are trained on, and frames that only judge them: whole clips, or the tail of one
side-open = Open…
    .help = Audio, features, codes or a model, one or several files (Ctrl+O)
side-recent = Recent
    .help = What was opened before
side-path = Path
    .hint = A file or folder, then Enter
side-codes-alone = codes alone: { $layers } { $layers ->
    [one] layer
   *[other] layers
    } × { $frames } frames
    .clips = codes alone, { $clips } clips: { $layers } { $layers ->
        [one] layer
       *[other] layers
        } × { $frames } frames
side-size = Codebook size
    .help = K, the codes of each codebook; 0 for what the model beside them says, or else the power of two above the largest code
side-time-axis = Time axis
    .help = Whether a frame is a row or a column of the stored array. A wrong guess makes a few very long frames
    .guess = Guess
    .guessed = Guess: { $axis }
side-axis-rows = a row is a frame
side-axis-columns = a column is a frame
side-frame-rate = Frame rate
    .help = Frames a second; 0 for not known. Bit rates need it
side-held-out = Held-out
    .help = The share of frames that is not trained on, only judged by. Figures of it show what a codebook is worth on speech it has not seen. Training starts again when it is changed
side-standardize = Standardize
    .help = Train on centred data of unit variance in every dimension. Codebooks are saved and errors given in the data's own units all the same. Training starts again when it is changed
side-opening = opening
    .cancel = Give up opening; what was there stays
# How audio is made into frames.
side-extractor = Extractor
    .help = What frames are made of
side-channel = Channel
    .help = Which channel of the audio is used
    .mix = mean of all
side-extracted = Gives { $rate } frames a second of dimension { $dim }
# Rows of a form.
side-reset = Reset { $label } to { $default }
    .help = Back to the rule's default, { $default }
side-effect-live = live
    .help = Can be changed while training runs: it holds from the next step on
side-effect-restart = restart
    .help = Training starts again from its beginning when this is changed
side-param =
    { $help }

    Key: { $key }
    Must be { $wanted }
    Default: { $default }
    .unit =
        { $help }

        Key: { $key }
        Must be { $wanted } { $unit }
        Default: { $default } { $unit }
side-word-greedy = greedy
side-word-as-frames = as frames
side-word-none = none
side-unit-paths = paths
# The loaded model.
side-model = Model: { $name }
    .repaired = Model: { $name }, repaired
side-model-evaluate = Evaluate
    .help = Hold it against the data, without training
side-model-train = Train from it
    .help = Train with the parameters below, starting from this model's codebooks
side-model-close = Close
    .help = Forget the model; its file stays as it is
side-model-one-of = 1 of { $n }
    .help = The file holds several quantizers: choose another one to look at
side-model-trained = Trained
side-model-says = The file says
side-model-notes = Training and config ({ $n })
    .help = Numbers and words that the file holds beside its tensors
side-model-no-data = Open audio or features of the model's dimension first
side-model-other-dim = The model takes frames of dimension { $theirs }, but the data have dimension { $ours }
# What would fit the data better.
side-proposals = For these data
    .take = Use these
    .help = Take over all of them; this can be undone
    .why = Why
# The quantizer and what follows from its parameters.
side-rule = Rule
    .help = How codebooks start, move, and get rid of dead codes
side-undo = Undo
    .help = Undo the last edit: { $what } (Ctrl+Z)
    .why-not = There is no edit to undo
side-redo = Redo
    .help = Redo what was undone: { $what } (Ctrl+Shift+Z)
    .why-not = Nothing was undone
side-defaults = Defaults
    .help = Every parameter back to the rule's default; this can be undone
    .why-not = Every parameter is at the rule's default
side-even = A code gets N/K = { $frames } frames a step on average
    .help = N = { $batch } frames a step over K = { $codes } codes. A threshold means something only beside this number.
side-window = EMA window { $window } steps, half-life { $half_life } steps
    .help = Window 1/(1-decay), half-life ln .5 / ln decay: how long a cluster size remembers
side-rate = { $bits } bits a frame
    .kbps = { $bits } bits a frame, { $kbps } kbps
    .help = Nominal: layers times log2 K. What the codes really carry is their entropy, which is less
side-threshold-off = Dead codes stay: replacement is off
side-threshold-high = Threshold { $threshold } is not below N/K = { $even }: every code counts as dead
side-threshold = Dead below { $threshold } frames a step; advice: 0.1 N/K = { $advice }
    .help = In steady state a code that gets the share p of the frames has the EMA size N p; the average is N/K. About a tenth of that is a sound threshold (advice: 0.1 N/K = { $advice }).
    .expiry = A code of average size that nobody chooses any more is replaced after { $steps } steps
# How codes are searched.
side-beam = Beam search
    .help = Keep several paths behind each layer, the greedy one and the best others, instead of the nearest code alone, wherever frames are looked at or saved as codes. How training steps search is a parameter of the training
    .paths = Paths that are kept behind each layer: the beam width B
    .gain = { $gain } dB, { $split }
    .computing = computing
# Why a button of the training cannot be pressed.
side-not-codes = Codes alone cannot be trained on: open audio or features
side-not-without-data = Open audio or features first
side-not-opening = Files are being opened
side-not-invalid = A parameter is outside of its range
side-not-ending = The training is ending
side-not-idle = No training is under way
side-not-running = The training is taking steps: pause it first
side-not-finished = There is no finished training to go on with
side-not-over = The training is not over yet
# What the training does.
side-state-codes = Showing codes alone
side-state-no-data = No data
side-state-repaired = Showing a repaired run
side-state-model = Showing the loaded model
side-state-ended-early = Ended early: Continue takes more steps
side-state-stopped = Stopped on its way: Continue resumes it
side-state-shown = Ready, showing a run that is over
side-state-ready = Ready to train
side-state-starting = Starting
side-state-comparing = Comparing
side-state-training = Training
side-state-paused = Paused
side-state-stopping = Stopping
# The buttons of the training, and how far it is.
side-evaluate-only = Evaluate only
    .help = Hold the loaded model against the data, without training it
side-steps = { $steps } of { $total } steps
    .left = { $rate } steps/s, { $time } left
    .help = Judged by the last five seconds
side-train = Train
    .help = Train from the beginning with these parameters (Ctrl+Enter)
side-train-one = Train one
    .help = End this comparison and train once, with the parameters above (Ctrl+Enter)
side-restart = Restart
    .help = End this training and start again from the beginning (Ctrl+Enter)
side-resume = Resume
    .help = Go on taking steps (Space)
side-pause = Pause
    .help = Wait before the next step (Space)
side-step = Step
    .help = Take one step, then wait: with no training under way one is started (period key)
side-stop = Stop
    .help = End here and keep what was reached
side-continue = Continue
    .help = Go on behind the last step, for as many steps again
side-shown-run = The run that every panel shows
side-end-here = End here
    .help = End this training and keep what was reached
side-always = Always
    .help = From now on, trainings end of their own accord where held-out SNR has not gained for { $steps } steps
side-preparing = preparing
