panel-error = Reconstruction error
    .help = What each layer adds to the reconstruction. Look for layers that gain little, and for held-out frames that do worse than those trained on
# Of what the error is told.
error-by-layer = By layer
    .help = What each layer adds, and the error of each training batch
error-by-rate = By rate
    .help = What the layers give for the bits that they cost, beside what Gaussian frames could give
error-by-token = By token
    .help = The codes of the layer by what they have of its error: which codes come out worst, and where
error-by-dimension = By dimension
    .help = The error of each dimension beside its variance: what the codes do not tell of a frame
error-over-time = Over time
    .help = The error along the corpus and of each clip: which places come out worst
error-not-quantized = Frames have not been quantized yet
# What would be there with the codes of frames, or with frames: the end of a sentence, behind a colon.
error-adds-places = the place in Time that each code meets worst
error-adds-dimensions = the error of each dimension
error-adds-time = the error over time, and of each clip
error-adds-frames = the error behind each layer, on audio or features of { $dim } dimensions
# Behind all layers. `frames` are "2 702 held-out frames"; `step` is empty, or begins with a comma.
error-of-what = Behind all { GROUPED($n) } { $n ->
    [one] layer
   *[other] layers
    }, { $frames }{ $step }
error-snr-behind-all = SNR behind all layers
error-mse-behind-all = MSE behind all layers
error-gap = Gap of { $gap } dB (training frames { $train } dB, held-out { $held_out } dB): the codebooks fit the frames they saw: more data, fewer codes or fewer layers narrow it
error-no-gap = No gap to speak of: training frames { $train } dB, held-out { $held_out } dB
error-batch-mse = MSE of each training batch
# Names of measures, short.
error-mse = MSE
error-snr = SNR
error-snr-db = SNR, dB
error-gain = Gain
error-variance = Variance
# The share that is explained of it, short.
error-explained-variance = Variance
error-explained = Explained
error-shannon-reference = Shannon reference
# By layer.
error-layers-axis = Layers, each of which quantizes what the ones before left over
error-gain-by-layer = Gain of each layer
error-snr-by-layer = SNR behind each layer
error-mse-by-layer = MSE behind each layer
error-variance-by-layer = Variance explained behind each layer
error-line-all = all frames
error-line-held-out = held-out frames
error-line-training = training frames
# The table of all layers. A unit stands behind a comma and a blank.
error-table = Figures by layer
    .help = Both sets of frames side by side; click a layer to select it
error-head-db = { $name }, dB
error-head-training = { $name }, training
error-head-held-out = { $name }, held-out
    .help = { $name } of the held-out frames. { $definition }
error-of-shannon = of Shannon
    .help = { $share } { $reference }
error-select-layer = Select layer { $layer }
# Of a quantizer without frames.
error-energy = Energy of each layer's rows, by the EMA shares
error-energy-rows = rows
error-energy-axis = Energy of a row
    .help = sum p_k ||e_k||² with p_k = c_k / C, or 1/K without cluster sizes: what a layer takes off falls from layer to layer where each has less left to do
# By rate.
error-rate = SNR by rate, { $frames }
error-rate-by-run = SNR by rate, run by run
error-rate-axis = { $snr } Solid lines stand over the bits that codes carry, the fainter one over what they cost at full size: the further apart, the more an entropy coder saves. To see a beam beside the greedy search, switch Beam search on in the Training section while this chart is in front: what was seen of the same frames stays drawn

    { $name }: { $definition }
error-greedy = greedy search
error-beam = beam of { $width }
error-gaussian = Gaussian frames at best
error-full-size = at full codebook size
error-at-full-size = At full size
error-read-after-layer = After layer { $layer }
error-snr-at-bits = { $snr } at { $bits } bits
error-bits = { $bits } bits
# By token.
error-codes = Codes of layer { $layer } by their part in its error
    .help = Distances are those to what the layer is given, as the search sees it. Click a head to sort, a code to select it
error-code =
    .help = Click one to select it in every panel
error-worst-place = Worst place
    .help = The frame that is farthest from the row of the code: click to go there in Time, Data and Tokens
error-frames = Frames
    .training = Frames, training
    .held-out = Frames, held-out
    .help = Frames that chose the code
error-use = Use
    .training = Use, training
    .held-out = Use, held-out
    .help = Its share of the frames
error-error = Error
    .training = Error, training
    .held-out = Error, held-out
    .help = Its share of `sum ||x - e_k||²` of the layer, over the frames in the cells of all codes
error-distortion = Distortion
    .training = Distortion, training
    .held-out = Distortion, held-out
error-looking-for-places = Looking for the place that each code meets worst
error-no-places = No places: { $why }
error-select-code = Select code { $code }
error-go-to-worst-place = Go to the worst place of code { $code }
error-worst-frame = Frame { $frame }, { $distance } from the row
# By dimension. `frames` are "all 9 frames" or "2 of 9 frames".
error-decoding = The frames are being decoded
error-no-dimensions = No errors by dimension: { $why }
error-of-dimensions = MSE of each dimension after layer { $layer }, { $frames }
error-of-bands = MSE of each mel band after layer { $layer }, { $frames }
error-all-frames = all { GROUPED($n) } frames
error-some-frames = { GROUPED($n) } of { GROUPED($all) } frames
error-dimensions-axis = MSE and variance
    .help = { $mse } Here of one dimension alone. { $variance } A click leads to the frame with the largest error in the dimension
error-variance-line = variance
error-after-layer = after layer { $layer }
error-after-all = after all layers
error-mse-after-layer = MSE after layer { $layer }
error-mse-after-all = MSE after all layers
# Over time.
error-no-time = No errors over time: { $why }
error-over-time-title = { $measure } over time after layer { $layer }, all frames
error-over-time-axis = { $definition } Over stretches of about { GROUPED($n) } frames. A click leads there; borders are those of clips
error-worst-mse = Worst: { $place }, MSE { $mse }
error-worst-snr = Worst: { $place }, SNR { $snr } dB
error-place = frames { $from } to { $to }
error-place-at = frames { $from } to { $to } at { $at } s
error-place-of = frames { $from } to { $to } of { $clip }
error-place-at-of = frames { $from } to { $to } at { $at } s of { $clip }
error-go-there = Go there
    .help = Select the stretch with the largest error, and go there in Data and Tokens
error-go-to-worst = Go to the worst stretch
error-frames-to = Frames { $from } to { $to }
error-from = From
# Clip by clip.
error-of-clips = Error of each clip
    .help = All layers together. Click a head to sort, a clip to go there
error-clip = Clip
    .help = Click one to select it and to go there in Data and Tokens
error-clip-frames = Frames
    .help = How many frames it has
error-decoding-clips = The clips are being decoded
error-no-clips = No errors by clip: { $why }
error-clip-n = Clip { $clip }
error-go-to = Go to { $place }
