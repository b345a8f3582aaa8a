figure-steps = Steps
    .text = Training steps taken, or those that a loaded model's file tells of
figure-bits_per_frame = Bits a frame
    .text = The sum of `log2 K` over the layers: what a frame takes where every code is sent as a number
figure-trained_for_s = Time
    .text = How long it was trained, start included and pauses left out. Members of a comparison take their steps in turn, and each has the time of all
panel-runs = Runs
    .help = Every run with its figures: show one, lay others over it, continue, train from it. Rules can be trained side by side on the same batches
# What a run is doing, or how it ended.
runs-state-planned = planned
runs-state-starting = starting
runs-state-running = running
runs-state-paused = paused
runs-state-stopping = stopping
runs-state-done = done
runs-state-stopped = stopped
runs-state-failed = failed
# Where a run comes from.
runs-origin-trained = trained
runs-origin-trained-from = trained from a run
runs-origin-compared = compared
runs-origin-swept = swept
runs-origin-loaded = loaded
runs-origin-repaired = repaired
runs-origin-codes = codes alone
# The form above the table.
runs-rule-help = { $rule }: { $help }
runs-compare = Compare
    .help = Train through these rules at once: the same data, seed, first centroids and batches, with the parameters on the left. Each has its own threshold
    .opening = Files are being opened
    .range = A parameter is outside of its range
    .few = Choose at least two rules
runs-pitfall = Show a pitfall
    .help = Known faults of trainers, as curves on the demo that part
    .hint =
        { $text }

        Trains on the demo: { $entries }
runs-none = No runs yet
    .help = Train, open a model, or choose rules above and press Compare: every run is listed here
# The table.
runs-table = Runs
    .help = All layers together, on held-out frames where there are any. Click a head to sort by it
runs-draw = Draw
    .help = A tick lays the run over the shown one, in every plot over steps and layers
runs-run = Run
    .help = Its name: click to show it in every panel. A sign before it: what the doctor finds at a quick look. A dot: it is pinned, kept whole however many there are
runs-origin = Origin
    .help = Where it comes from
runs-rule = Rule
    .help = The rule it was trained under
runs-differs = Differs from the shown run by
    .help = Parameters that it has otherwise than the shown run
    .short = Differs
    .shown = shown
runs-state = State
    .help = What it is doing, or how it ended
runs-actions = What can be done with it
runs-head-steps = Steps
runs-head-time = Time
runs-head-bits = Bits
runs-head-unused = Unused
runs-draw-none = Draw none
    .help = Draw the shown run alone
runs-draw-all = Draw all
    .help = Draw all runs over one another
runs-draw-one = Draw { $name }
    .help = Draw it over the shown run
    .shown = The shown run is always drawn
    .nothing = There is nothing to draw of it
runs-name-help =
    { $name }: { $state }

    Click to see it in every panel, double-click to rename it
    .note =
        { $name }: { $state }

        { $note }

        Click to see it in every panel, double-click to rename it
runs-note = Note
    .of = Note of { $name }
runs-name = Name
    .of = Name of { $name }
runs-actions-on = Actions on { $name }
runs-show = Show
    .help = Show it in every panel
runs-continue = Continue
    .help = Resume it behind its last step, for as many steps again
runs-train-from = Train from it
    .help = Train with the parameters on the left, from its codebooks
runs-rename = Rename…
    .help = Type it into the row: Enter keeps it, Escape does not
runs-annotate = Note…
runs-pin = Pin
    .help = A pinned run is kept whole, however many there are
    .undo = Unpin
runs-save-model = Save model…
    .help = Save its quantizer
runs-delete = Delete
    .help = Delete it; Ctrl+Z brings it back
# The curve under the table: what is drawn, on its switch and as a title.
runs-curve = Curve
runs-curve-mse = Error
    .title = MSE of each training batch
runs-curve-held-out = Held-out error
    .title = MSE of held-out frames on the way
runs-curve-loss = Loss
    .title = Loss of each training batch
runs-curve-perplexity = Perplexity
    .title = Perplexity of each training batch
runs-curve-used = Used
    .title = Codes used by each training batch
runs-curve-below = Below threshold
    .title = Codes below the threshold
runs-curve-replaced = Replaced
    .title = Codes replaced in each step
runs-curve-drift = Drift
    .title = Drift of the codebook in each step
runs-curve-drift-all = Drift, all rows
    .title = Drift of all rows in each step
