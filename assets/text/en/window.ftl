# What stands on the sign of a run's findings.
window-findings-on = { GROUPED($n) } { $n ->
    [one] finding
   *[other] findings
    } on { $run }
window-finding-line = { $severity }: { $title }
window-more-findings = and { $n } more
window-findings-click = Click for the figures
window-findings-quick = A quick look, without comparing rows: click for all of it
# What a file of a model leaves open.
window-metric-euclidean = Euclidean
    .help = The nearest row in the sense of least squares: what most files mean
window-metric-cosine = cosine, unit rows
    .help = Frames and rows are scaled to unit length, and the unit row is what is put out
window-metric-cosine-raw = cosine, rows as stored
    .help = Codes are chosen by angle, and the row as it is stored is put out: DAC and its kin
window-choice-nothing = Open none of it; what is open stays as it is
window-which-quantizer = Which quantizer?
    .text = { $file } holds { $n } quantizers. Choose the one to look at
window-which-strides = Which strides?
    .text = { $file } names its { $layers } layers as both DAC and SNAC do, and nothing in it tells which it is. With the wrong strides every code would be wrong
window-which-codebooks = Which tensors are the codebooks?
    .text = { $file } has no layout that is known. These of its tensors look like codebooks: choose those that are, and how they are searched
window-cannot-be-used = Cannot be used: { $problem }
window-strides-dac = DAC: a code a frame in every layer
    .about = Strides { $strides }
window-strides-snac = SNAC: strides { $strides }
    .about = So many frames in a row share one code, by layer
window-metric = Search
window-rows-as-columns = Rows are stored as columns
    .help = The file has [D, K] where [K, D] is usual
window-tick-the-box = tick the box above
window-candidate = { $layers } { $layers ->
    [one] layer
   *[other] layers
    } of { $shape }: { $guess }
# The strip of the selected code.
window-code-none-yet = A code that is selected in any panel is described here
window-code-previous = Previous code
window-code-next = Next code
window-code-none = No code of layer { $layer } is selected: click one in any panel, or step through all { $codes }
window-code-unselect = Select no code
window-code-inspect = Inspect
    .help = Its row, its neighbours and the frames that chose it, in the Code inspector
window-code-of-layer = Layer { $layer }, code { $code }
window-code-marked = one of { GROUPED($n) } that are marked
window-code-chosen = chosen by { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } of { GROUPED($frames) }
window-code-size = c_k { $size } frames a batch
window-code-threshold = threshold { $threshold }
window-code-never-replaced = never replaced
window-code-last-replaced = last replaced in step { GROUPED($step) }
# How runs differ from one another.
window-differences-more = { $words } and { $n } more
window-run-differs = { $run }: { $differences }
window-panel-not-shown = This panel is not on the screen, so there is no picture of it: bring it to the front first
# The help.
window-help = Help
window-help-first = What to look at first
window-help-keys = Keys
window-help-usage = Are all codes in use? Bars of even height are good; a few tall ones mean that the rest is wasted. Judge by held-out frames, and only when there are many more frames than codes
window-help-dead = Which codes does nobody choose, and do replaced ones stay alive? Codes that are replaced again and again tell of a threshold that does not fit N/K
window-help-ema = Has it settled? Drift and loss level off within a few EMA windows; where drift does not fall, something keeps replacing codes
window-help-error = What does each layer add? Gains fall with depth; a layer that adds nothing costs bits all the same
window-help-code = Which frames are these? Click a code in any panel: it shows the code's row, its neighbours and the frames that chose it; click a frame to go to its place
# The keys as the help lists them.
window-key-open = Open files
    .keys = Ctrl+O
window-key-save = Save the model
    .keys = Ctrl+S
window-key-undo = Undo the last edit of parameters, selection, layout or runs
    .keys = Ctrl+Z
window-key-redo = Redo it
    .keys = Ctrl+Shift+Z
window-key-train = Train from the beginning
    .keys = Ctrl+Enter
window-key-pause = Pause or go on
    .keys = Space
window-key-step = Take one step, then wait
    .keys = {"."}
window-key-escape = Close what is open in front; else give up opening, or stop training
    .keys = Esc
window-key-layers = Select that layer in every panel
    .keys = 1 to 9
window-key-next-layer = Select the layer before, the layer behind
    .keys = PageUp, PageDown
window-key-next-code = Select the code before, the code behind
    .keys = Alt+←, Alt+→
window-key-split = Figures of held-out frames, or of those that are trained on
    .keys = H
window-key-play = Play the selected stretch, or be silent
    .keys = P
window-key-take = While it plays: after one layer more, after one less
    .keys = ↑, ↓
window-key-panels = Go to the next panel, to the one before
    .keys = F6, Shift+F6
window-key-tabs = Bring the next tab of that panel's group to the front, the one before
    .keys = Ctrl+Tab, Ctrl+Shift+Tab
window-key-inside = Go through what a panel holds; arrow keys read off a plot, Enter selects there
    .keys = Tab, then ← →
window-key-help = This help
    .keys = F1
# The panels and their tabs.
window-all-closed = Every panel is closed: open one from the View menu, or take the usual layout from there
window-tab-save-png = Save picture as PNG…
window-tab-save-svg = Save drawing as SVG…
window-panel = Panel { $title }
# The menus.
window-file = File
window-edit = Edit
window-view = View
window-help-item = What to look at, and keys
window-open = Open…
window-open-folder = Open folder…
window-watch-folder = Watch folder…
window-stop-watching = Stop watching
    .why-not = No folder is watched
window-recent = Recent
window-no-quantizer = There is no quantizer yet: train, or open a model
window-no-data = There is no data: open audio or features
window-no-sound = There is no audio to hear: open some
window-save-model = Save model…
window-save-codes = Save codes…
window-save-report = Save report…
window-save-sound = Save stretch as WAV…
window-write-back = Write back into checkpoint…
window-open-workspace = Open workspace…
window-save-workspace = Save workspace as…
window-quit = Quit
window-undo = Undo
    .what = Undo: { $what }
    .why-not = There is no edit to undo
window-redo = Redo
    .what = Redo: { $what }
    .why-not = Nothing was undone
window-defaults = Defaults of the rule
    .why-not = Every parameter is at the rule's default
window-usual-layout = Usual layout
window-theme-system = As the system
window-theme-light = Light
window-theme-dark = Dark
window-language = Language
    .system = System
    .no-font = No font with Chinese characters was found: install one (on Debian: fonts-noto-cjk) and start again
# Files by name, and those that were opened before.
window-files-none = nothing
window-files-more = { $name } and { $n } more
window-recent-none = Nothing was opened yet
window-recent-missing =
    No longer there:
    { $files }
# What is heard.
window-sound-repeat = Repeat
    .help = Begin again at the end of the stretch
    .off = Do not repeat
window-sound-wav = WAV…
    .name = Save the stretch as WAV
    .help = Write the selected stretch as WAV, in the version that is chosen here
window-sound-stop = Stop the sound
    .help = Be silent: `P`
window-sound-play = Play the stretch
    .help = Play the selected stretch, or the beginning where none is selected, up to { $secs } s of it: `P`
window-sound-source = Source
    .name = Hear the source
    .help = The audio itself, as the features see it. `↑` and `↓` switch while it plays
window-sound-layers = { $layers ->
    [one] Hear the first layer
   *[other] Hear { $layers } layers
    }
    .help = { $layers ->
        [one] What is left of it after the first layer
       *[other] What is left of it after the first { $layers } layers
        }
window-sound-to-be-made = { $help }: still to be made
window-sound-of-code = Frames of code { $code } of layer { $layer }
window-sound-distance = { $distance } dB from the source
window-sound-until-source = The source, until the source can be heard
window-sound-until-layers = { $layers ->
    [one] The source, until the first layer can be heard
   *[other] The source, until { $layers } layers can be heard
    }
window-sound-place = The distance is the log-spectral one: the mean over frames of the root mean square over bins of the difference of both spectra in dB
window-sound-making = Making it audible
    .layer = Making layer { $done } of { $layers } audible
window-sound-stretch = { $from } to { $to }
    .idle = To hear: { $from } to { $to }
window-sound-secs = { $secs } s
    .clip = { $clip } { $secs } s
window-sound-frame = frame { $frame }
    .clip = { $clip } frame { $frame }
# The status line.
window-notice =
    { $text }

    Click for all notices
window-hint-drop = Drop files anywhere
window-hint-train = Ctrl+Enter trains, F1 helps
window-hint-running = Space pauses, Esc stops
window-hint-paused = Space goes on, . takes a step
window-drop = { $n ->
    [one] Drop to open this file
   *[other] Drop to open { $n } files
    }
# Data that are not where they were.
window-missing = Where is { $title }?
    .text = Runs refer to these data. Their figures and curves are here; encoding, evaluating and resuming need the frames
window-missing-locate = Locate…
    .help = Say where the files are now; they are taken for the same data
window-missing-leave = Leave them closed
    .help = Go on without the frames
# What is written.
window-saved = Saved: { $path }
window-saved-without = Saved: { $path } (without { $n } shapes, for which there is no room or no form in it)
window-no-thread = No thread could be started to write the file: { $problem }
# Dialogs.
window-ask-folder = Folder
window-ask-file = File
window-ask-hint = The system offers no file dialog here, so the path is typed; files can also be dropped on the window
window-ask-save = Save
window-ask-open = Open
window-ask-replace = Replace
    .text = There is a file of this name already. Replace it? { $path }
window-wanted-files = Open audio, features, codes or a model
window-wanted-folder = Open a folder
window-wanted-watch = Watch a folder that a training writes checkpoints to
window-wanted-model = Save the model
window-wanted-codes = Save the codes
window-wanted-sound = Save the stretch as it is heard
window-wanted-report = Save a report into a folder
window-wanted-checkpoint = Choose the checkpoint that the model came from
window-wanted-write-back = Save the checkpoint with the model in it
window-wanted-data = Choose the files that the runs refer to
window-wanted-open-workspace = Open a workspace
window-wanted-save-workspace = Save the workspace
window-wanted-text = Save the data
window-wanted-picture = Save the picture
window-wanted-drawing = Save the drawing
window-kind-workspace = Workspace
window-kind-checkpoint = Checkpoint
window-kind-npy = NumPy array
window-kind-wav = WAV audio
window-kind-csv = CSV table
window-kind-png = PNG picture
window-kind-svg = SVG drawing
window-kind-readable = Audio, features, codes, models
window-kind-all = All files
