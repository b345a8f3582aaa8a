panel-tokens = 词元
    .help = 各帧编码成的码字，逐层随时间显示。请留意颜色单一的片段：在那里该层没有带来新的信息
tokens-need-frames = 词元需要帧
    .text = 各帧的码字随时间的变化：请打开量化器可接受的音频或特征
tokens-computing = 正在计算码字
tokens-later = 码字稍后计算
    .text = 编码整个语料所需的时间相当于许多步训练：在训练暂停或结束后进行
tokens-none = 没有码字
    .text = 语料无法编码：原因见通知
# 码字的数量。
tokens-size = { $layers } × { $frames }
    .noted = { $layers } × { $frames }。{ $note }
tokens-cut-short = 语料有 { $all } 帧；只显示前 { $kept } 帧
tokens-outdated = 这些是较早一步的码字；新的码字在训练暂停或结束后计算
# 图。
tokens-over-time = 码字随时间的变化
    .help = 每层一行，第一层在最上方。单击码字可在所有面板中选中它
tokens-selected = 第 { $layer } 层的码字 { $code }
    .help = 所选的码字，凡有帧选中它之处
# 读数。
tokens-code = 码字 { $code }
tokens-no-code = 没有码字
