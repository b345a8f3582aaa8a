panel-time = Time
    .help = Waveform, features and the tokens of all layers over one time axis, from the whole corpus down to a frame. The wheel zooms; drag to select a stretch and read off its figures
time-how-to = Wheel to zoom, drag to select a stretch, click a token to select its code
# Why there are no tokens, or what is to be known of them.
time-codes-computing = The codes are being computed
time-codes-later = The codes come when training pauses or ends
time-codes-failed = The corpus could not be encoded: the notices say why
time-codes-outdated = These are the codes of an earlier step; new ones come when training pauses or ends
time-codes-cut-short = The corpus has { $all } frames; codes of the first { $kept } are kept
# The plot.
time-title = Frames and tokens, a column a frame
    .coarse = Frames and tokens, a column for { $frames } frames
time-rows = Rows
    .help = From top to bottom: the waveform or, without audio in memory, how long frames are; the features, the first dimension at the bottom; a row for each layer. Here the wheel alone zooms about the pointer, and the middle button drags. Click a token to select its code
# Beside its bands.
time-band-wave = wave
time-band-norm = norm
time-band-features = features
# What tokens are coloured by, and the ends of the ramp.
time-by-code = Code
    .help = Each code in a colour of its own. Zoomed out, a column has the colour of the code that most of its frames chose
time-by-error = Error
    .help = The squared error of the frame behind each layer, `||x - q_1..l||²`, from the 1st to the 99th percentile of the layer, by its root. Zoomed out, the mean of up to 16 frames of a column
    .low = small error
    .high = large
time-by-margin = Margin
    .help = By how much the code was nearer than the runner-up, `1 - d_chosen / d_runner-up`: dark (light in the light theme) stands on the border between two cells. Zoomed out, the mean of up to 16 frames of a column
    .low = on the border
    .high = clear
# What is read off.
time-norm = Norm of the frame
time-distance = Squared distance
time-runner-up = Runner-up
time-runner-up-code = code { $code } at { $distance }
time-margin = Margin
time-error-behind = Squared error behind it
time-layers = Layers { $first } to { $last }
# The figures of the selected stretch.
time-stretch = { GROUPED($n) } selected { $n ->
    [one] frame
   *[other] frames
    }
time-stretch-lasts = { GROUPED($n) } selected { $n ->
    [one] frame
   *[other] frames
    }, { $duration }
time-stretch-counting = { $stretch }: being counted
time-snr = SNR behind all layers
time-snr-behind = { $snr } behind layer { $layer }
time-used-of = of { $codes } in layer { $layer }
time-most-chosen = Most chosen in layer { $layer }
time-code-share = code { $code }: { $share }
    .help = Chosen by { GROUPED($n) } { $n ->
        [one] frame
       *[other] frames
    } of the stretch. Click to select it in every panel
