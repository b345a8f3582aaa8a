panel-tokens = Tokens
    .help = The codes that frames are encoded as, layer by layer over time. Look for stretches of one colour: there a layer says nothing new
