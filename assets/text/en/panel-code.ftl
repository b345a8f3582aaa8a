panel-code = Code inspector
    .help = The code that is selected in any panel: its row, its part in use and error, its neighbours, and the frames that chose it. Look at the farthest frames of an overloaded code: they want codes of their own
# Without a selected code.
code-none = No code is selected
    .help = Click a code in any panel, or step through them in the line below the panels
code-most-used = The most used code
    .help = The one that most frames chose, or with the largest EMA size
code-most-error = The code with the most error
    .help = The one with the largest share of the layer's error
code-first-dead = The first dead code
    .help = The first that is unused in the corpus or below the threshold
# The head. `state` says in a sentence or two what the state of the code means.
code-of-layer = Code { $code } of layer { $layer }
code-never-replaced = { $state }. The update rule never replaced it
code-replaced-in = { $state }. The update rule last replaced it in step { $step }
# The table of its figures.
code-row-length = Length of the row: { $length }
    .help = `||e_k||`, as it is stored
code-nothing-counted = No frame was counted, and there are no EMA sizes
code-chosen-by = Chosen by
    .help = Frames that chose the code; of the EMA its cluster size `c_k` in frames a batch
code-share-of-use = Share of use
    .help = Its share of the frames, and how many times as much that is as with evenly used codes
code-share-of-error = Share of error
    .help = Its share of `sum ||x - e_k||²` of the layer, over the frames in the cells of all codes
code-radius = Radius of its cell
    .help = `sqrt(mean ||x - e_k||²)` over the frames that chose it
code-all-frames = All frames
code-held-out-frames = Held-out frames
code-training-frames = Training frames
code-counted-over = Counted over { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    }
code-ema-head = EMA
code-ema = The running averages of the update rule
code-ema-dead-below = The running averages of the update rule; dead below { $threshold } frames a batch
code-size-a-batch = { $size } a batch
# The codes beside it.
code-looking = Looking at its neighbours
code-nearest = Nearest codes
    .in-radii = The nearest rows, with their radii of its cell, in the space in which frames are compared
    .in-distances = The nearest rows, with their distance, in the space in which frames are compared
code-before = Before it in time
    .help = The codes of the frame before, with how often, not across the borders of clips
    .times = { $times } of { $of } before it; { $distinct } differ
code-behind = Behind it in time
    .help = The codes of the frame behind, with how often, not across the borders of clips
    .times = { $times } of { $of } behind it; { $distinct } differ
code-none-beside = none
code-distance = { $distance } away, at a cosine of { $cosine }
code-chip = Code { $code }: { $facts }. Click to select it
code-select = Select code { $code }
# Its row.
code-row-title = Row of code { $code }
code-output-title = What code { $code } adds to a frame
code-line = code { $code }
code-line-nearest = code { $code }, the nearest
code-in-frames = In frames
    .help = What the code adds to a frame, in the frames' own dimensions
code-as-stored = As stored
    .help = The row as the codebook has it
code-dimension-axis = Dimension
    .help = The dimensions of the row
code-dimension-n = Dimension { $dimension }
code-band-n = Band { $band }, about { $hz } Hz
code-value-axis = Value
    .help = The value of the row in each dimension
code-mel-axis = Mel band
    .help = Mel bands from the lowest, spaced as the ear spaces pitch
code-level-axis = Log level
    .help = Natural logarithm of the level in each band: the row of a first layer is a spectrum
code-level-change-axis = Change of log level
    .help = What the row adds to the spectrum that the layers before it have built
# Where its row lies: `space` is one of those that follow, or one in another.
code-row-lies = The row lies in { $space }
code-row-lies-by-angle = The row lies in { $space }. Frames choose by the angle: distances are between rows of unit length
code-space-of-frames = the space of the frames, { $dim } dimensions
code-space-of-layer = the layer's own space of { $inner } dimensions, behind a projection of { $dim } to { $inner }
code-space-of-chain = a chain of layers behind a projection of { $dim } to { $inner } dimensions
code-space-of-columns = the columns { $from } to { $to } of the frames
code-space-in = { $inner }, in { $outer }
# Its history.
code-model-without-history = A loaded model has no history of steps
code-history-too-large = Single codes have no history of steps: that of so many would take too much memory
code-history-not-kept = Single codes have no history of steps: this run was trained before it was kept. Resumed, it is kept from there on
code-history = The history of single codes is of { GROUPED($n) } { $n ->
    [one] step
   *[other] steps
    }: every step
code-history-behind = The history of single codes is of { GROUPED($n) } { $n ->
    [one] step
   *[other] steps
    }: every step, behind step { $from }
code-history-every = The history of single codes is of { GROUPED($n) } { $n ->
    [one] step
   *[other] steps
    }: one step in { $every }
code-history-every-behind = The history of single codes is of { GROUPED($n) } { $n ->
    [one] step
   *[other] steps
    }: one step in { $every }, behind step { $from }
# Behind it stands the name of the panel EMA convergence, as a link.
code-history-and-layer = { $history }. How its layer's rows move and settle is in
code-size-title = EMA size of code { $code }
code-size-axis = EMA size (frames)
    .help = `c_k`, the running average of how many frames of a batch chose the code, beside the threshold below which it counts as dead and the size that evenly used codes have, `N/K`
code-threshold-now = threshold now
code-drift-title = Drift of code { $code }
code-replaced-times = replaced, times
# The frames that chose it.
code-adds = which codes stand before and behind it, and which frames chose it
code-members = The { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } that chose it
    .help = With the distance of each to the row. Click one to select it and the frames around it in every panel
code-members-among = The { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } that chose it, among the first { $among } of the corpus
code-members-drawn = The { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } that chose it: { $drawn } of them, drawn at random, were looked at
code-members-among-drawn = The { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } that chose it, among the first { $among } of the corpus: { $drawn } of them, drawn at random, were looked at
code-no-frame = No frame chose it
code-no-members = Its frames cannot be told: { $why }
code-codes-alone = What its frames look like is not in codes alone: open the model that they came from, and its audio or features
code-play = ▶ Play its places
    .help = Hear up to 20 of the places where it is used, with a tenth of a second on either side and silence between them, in the version that is chosen below the panels
code-strip-nearest = Nearest
    .help = The frames nearest to the row: what the code stands for
code-strip-farthest = Farthest
    .help = The frames farthest from the row: what it has to do for all the same
code-strip-between = Some between, at random
    .help = Drawn from those that are left, the same ones each time
code-frame-n = Frame { $frame }
code-frame-at = Frame { $frame } at { $at } s
code-frame-distance = Distance to the row { $distance }
code-frame-distance-radii = Distance to the row { $distance }, × { $radii } of the cell's radius
code-frame-next = The next code would be { $code }, { $margin } farther away
code-frame-no-other = There is no other code
code-frame-around = Shown with { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } on either side. Click to select them in Data and Tokens
