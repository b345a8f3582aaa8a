panel-data = Data
    .help = The audio and the features that are quantized, clip by clip. Drag to select a stretch of frames
# What the corpus is.
data-corpus = { $corpus }: { GROUPED($frames) } { $frames ->
    [one] frame
   *[other] frames
    } of { GROUPED($dim) } { $dim ->
    [one] dimension
   *[other] dimensions
    }, frame rate unknown
data-corpus-at-rate = { $corpus }: { GROUPED($frames) } { $frames ->
    [one] frame
   *[other] frames
    } of { GROUPED($dim) } { $dim ->
    [one] dimension
   *[other] dimensions
    }, { $rate } frames a second
data-time-is-first = Time is the first axis: { $reason }
data-time-is-second = Time is the second axis: { $reason }
data-time-help = A guess unless you have chosen; turn it round on the left where it is wrong
data-held-out = held out: { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } ({ $share } %)
    .help = Whole clips from all over the corpus, or the tail of a single one: never trained on, only judged by
# Which frames are selected.
data-selected = Selected: frames { $first } to { $last }
data-selected-secs = Selected: frames { $first } to { $last }, { $from } s to { $to } s
data-select-none = Select none
data-marked = { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } chose code { $code } of layer { $layer }
    .help = Marked along the upper edge of the plots, wherever a frame chose the selected code
# Plots.
data-waveform = Waveform
    .being-prepared = Waveform: being prepared
data-amplitude = Amplitude
    .help = Samples as the extractor saw them: one channel at its own sample rate, full scale is 1
data-amplitude-range = { $low } to { $high }
data-features = Features
    .ramp = Colours run from the 1st to the 99th percentile of all values; what lies beyond has the colour of the end
data-dimension = Dimension
    .help = The dimensions of a frame, the first at the bottom
data-time = Time (s)
data-time-at-rate = Seconds, at { $rate } frames a second
data-time-in-frames = Frames: how many there are in a second is not known. Set the frame rate on the left
# What is read off.
data-frame = Frame { $frame }
data-frame-at = Frame { $frame } at { $secs } s
data-clip = Clip
data-split = Split
data-dimension-n = Dimension { $dimension }
data-too-much = This stretch has more than { $most } values, too many for one table: zoom in, or select a shorter one
