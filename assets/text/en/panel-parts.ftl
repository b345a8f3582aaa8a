# The axis of dimensions, and what a dimension is called in a read-out.
parts-mel-bands = Mel band
    .help = Mel bands from the lowest, spaced as the ear spaces pitch
parts-dimensions = Dimension
    .help = The dimensions of the frames
parts-band = Band { $d }, about { $hz } Hz
parts-dimension = Dimension { $d }
# One figure of every row of a layer.
parts-norms = Length of each row
    .axis = Length
    .help = ||e_k||: how long the code's row is
parts-nearest = Distance to the nearest other row
    .axis = Distance
    .help = The distance to the nearest other row of the layer: rows close to zero lie on one another
    .row = Nearest
    .code = code { $code }
parts-gaps = embed against embed_avg / cluster_size
parts-rank = Rank
parts-rows-help = The rows of the layer, by number or from the greatest to the least
parts-by-index = Index
    .help = Codes by their number
parts-by-size = Sorted
    .help = From the greatest to the least
# Of which frames figures are.
parts-held-out = Held-out
    .help = Figures of the { $frames } held-out frames, which training never sees
    .none = No frame is held out
parts-trained-on = Trained on
    .help = Figures of the { $frames } frames that are trained on; while training runs, of at most 20 000 of them
parts-all-of-the-file = all of the file
parts-frames-all = all { GROUPED($n) } frames
parts-frames-training = { GROUPED($n) } training frames
parts-frames-held-out = { GROUPED($n) } held-out frames
# Behind the frames that were counted: when.
parts-at-step = , step { GROUPED($step) }
parts-size-help = Codes do not say how many there could be. Set K on the left where this is wrong: utilization and dead codes depend on it
parts-no-figure = no data
    .help = Here it is undefined, or not counted yet
    .few = Greyed out: there are too few frames to judge by
parts-too-little = Too little data: { $frames } ({ $split }) for { $codes }, { $needed } are needed, so figures are grey
    .help = Below 10 frames a code, utilization and perplexity say more about the sample than about the quantizer: a truly uniform source of 1024 codes shows 63 % used and a perplexity of 573 in 1024 frames
# The choice of a layer.
parts-layer-shown = Layer { $layer }: shown in every panel
parts-previous-layer = Previous layer
    .help = Previous layer (PageUp, PageDown)
parts-next-layer = Next layer
    .help = Next layer (PageUp, PageDown)
parts-layer-number = Layer number
parts-of-layers = of { $layers }
parts-layers = Layers
parts-layer-used = Layer { $layer }: { $share } of its codes are used
# Codes over time where they are not there. `shows` and `adds` are what a panel draws of them.
parts-codes-needed = Needs the codes of frames
    .text = { $shows }: open audio or features that the quantizer takes
parts-codes-outdated = These are the codes of an earlier step; new ones come when training pauses or ends
parts-codes-missing = Codes are not there yet
    .adds = The frames were not encoded yet. Their codes add: { $adds }
parts-codes-computing = Computing the codes
    .adds = The frames are being encoded. Their codes add: { $adds }
parts-codes-later = Codes come later
    .text = Encoding the whole corpus takes as long as many steps: it is done when training pauses or ends
    .adds = Encoding the whole corpus takes as long as many steps: it is done when training pauses or ends. Their codes add: { $adds }
parts-codes-failed = No codes
    .text = The corpus could not be encoded: the notices say why
    .adds = The corpus could not be encoded: the notices say why. Their codes add: { $adds }
parts-encode = Encode the frames
    .help = Work out the codes of all frames, as the Tokens panel shows them over time
# What is missing, and what to do about it.
parts-starting = Starting
    .bar = Starting: { $stage }; the last run is shown until then
parts-stopping = Stopping
parts-getting-ready = getting ready
parts-frames-would-add = Frames would add: { $adds }
    .open = Open some
parts-no-data = No data yet
    .text = Open audio, features, codes or a model, or look at the demo
    .model = The model is open. Open audio or features of its dimension to see how it does
parts-train-demo = Train on the demo
    .help = About 90 seconds of speech, trained on at once
parts-nothing-trained = Nothing trained yet
    .text = { $frames } frames of { $dim } dimensions are here, but no quantizer
parts-train-now = Train now
    .help = Train with the parameters on the left
parts-evaluate = Evaluate the model
    .help = Hold the open model against this data
parts-run-failed = { $name }: failed
parts-run-planned = { $name }: planned
    .text = It is trained when its turn comes
parts-run-let-go = { $name }: only its figures are left
    .text = Its quantizer was let go to save memory: the Runs panel has its figures, and trains it again from its parameters
parts-take-params = Take its parameters
    .help = Take its parameters over for the next training
parts-needs-frames = Needs the frames
    .codes = These are codes alone: open the audio or features that they were made of to see it here
    .model = Codes and their model are here: open the audio or features that they were made of
parts-needs-both = Needs the codebooks and the frames
    .text = These are codes alone: open the model that they came from, and the audio or features that they were made of
parts-open-files = Open files…
parts-open-first = Open audio or features first
# Tables: heads that several of them have, and what a click on one does.
parts-sort-by = Sort by { $head }
    .help =
        { $help }

        Click to sort by it
parts-head-used = Used codes
parts-head-perplexity = Perplexity
parts-head-below = Below threshold
parts-head-drift = Drift
parts-head-snr = SNR, dB
