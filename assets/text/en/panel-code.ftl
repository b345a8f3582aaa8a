panel-code = Code inspector
    .help = The code that is selected in any panel: its row, its part in use and error, its neighbours, and the frames that chose it. Look at the farthest frames of an overloaded code: they want codes of their own
