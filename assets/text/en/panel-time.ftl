panel-time = Time
    .help = Waveform, features and the tokens of all layers over one time axis, from the whole corpus down to a frame. The wheel zooms; drag to select a stretch and read off its figures
