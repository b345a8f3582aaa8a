panel-codebook = Codebook
    .help = The rows of a layer: how they lie before what the layer is given, their lengths and their distances. Look for rows where no input is, for rows that lie on one another, and for rows that left their averages
codebook-moves = The codebook still moves
    .text = All rows are compared with each other. While training runs that is done every few seconds, and of large codebooks when it pauses or ends
codebook-comparing = Comparing rows
    .text = All rows of the layer are compared with each other
codebook-frames-add = the residuals that the rows stand for, and the error of each code
# What the marked codes have of the layer.
codebook-marked = { GROUPED($n) } { $n ->
    [one] code
   *[other] codes
    } marked
codebook-marked-frames = { GROUPED($n) } { $n ->
    [one] code
   *[other] codes
    } marked: { $share } of the { $frames }
codebook-marked-error = { GROUPED($n) } { $n ->
    [one] code
   *[other] codes
    } marked: { $share } of the { $frames }, { $error } of the layer's error on them
# Beside figures.
codebook-of-dimension = of { $dim }
codebook-of-codes = of { $codes } codes
codebook-largest-gap = Largest gap of a row to its average
# Above figures; `plane` is one of the four below.
codebook-layer = Layer { $layer }: { $codes } rows of { $dim } dimensions, { $plane }
codebook-layer-at-step = Layer { $layer } at step { $step }: { $codes } rows of { $dim } dimensions, { $plane }
codebook-plane-inputs = drawn on the first two principal axes of { GROUPED($n) } { $n ->
    [one] input
   *[other] inputs
    } of the layer
codebook-plane-inputs-share = drawn on the first two principal axes of { GROUPED($n) } { $n ->
    [one] input
   *[other] inputs
    } of the layer, which hold { $share } of their variance
codebook-plane-rows = drawn on their own first two principal axes
codebook-plane-rows-share = drawn on their own first two principal axes, which hold { $share } of their variance
codebook-axis-inputs = Axis { $axis } of the inputs
    .help = A principal axis of what the layer is given, with its share of their variance. Points are as large as codes are used and have the colour of their state; near-duplicates are joined. Click a code to select it. Drag with Shift, or with Box or Lasso above the map, to mark all codes inside
codebook-axis-inputs-share = Axis { $axis } of the inputs ({ $share })
codebook-axis-rows = Axis { $axis } of the rows
    .help = A principal axis of the rows, with its share of their variance. Points are as large as codes are used and have the colour of their state; near-duplicates are joined. Click a code to select it. Drag with Shift, or with Box or Lasso above the map, to mark all codes inside
codebook-axis-rows-share = Axis { $axis } of the rows ({ $share })
codebook-map = Code map of layer { $layer }
codebook-density = Inputs of the layer in each cell, on a log scale
    .low = one
    .high = many inputs
codebook-state-count = { $state }: { $count }
# What is read off.
codebook-state = State
codebook-chosen = Chosen by
codebook-chosen-frames = { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } of { $frames }
codebook-size = EMA cluster size
codebook-length = Length
codebook-nearest = Nearest
codebook-nearest-code = code { $code }, { $distance } away
# What dragging does.
codebook-move = Move
    .help = Drag to move the map. With `Shift` a rectangle is drawn, as with Box
codebook-box = Box
    .help = Drag a rectangle: the codes inside are marked in every panel
codebook-lasso = Lasso
    .help = Drag a line around codes: those inside are marked in every panel
