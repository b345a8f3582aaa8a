panel-tokens = Tokens
    .help = The codes that frames are encoded as, layer by layer over time. Look for stretches of one colour: there a layer says nothing new
tokens-need-frames = Tokens need frames
    .text = The codes of frames over time: open audio or features that the quantizer takes
tokens-computing = Computing the codes
tokens-later = Codes come later
    .text = Encoding the whole corpus takes as long as many steps: it is done when training pauses or ends
tokens-none = No codes
    .text = The corpus could not be encoded: the notices say why
# How many codes there are.
tokens-size = { $layers } × { $frames }
    .noted = { $layers } × { $frames }. { $note }
tokens-cut-short = The corpus has { $all } frames; the first { $kept } are shown
tokens-outdated = These are the codes of an earlier step; new ones come when training pauses or ends
# The plot.
tokens-over-time = Codes over time
    .help = A row for each layer, the first on top. Click a code to select it in every panel
tokens-selected = code { $code } of layer { $layer }
    .help = The selected code, wherever a frame chose it
# What is read off.
tokens-code = code { $code }
tokens-no-code = no code
