panel-data = Data
    .help = The audio and the features that are quantized, clip by clip. Drag to select a stretch of frames
