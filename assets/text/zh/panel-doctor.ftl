panel-doctor = 诊断
    .help = 运行中存在的问题，最严重的在前：测得了什么、对照哪个界限、为什么重要、应当改什么。可由此开始修复，或用其他参数重新训练
# 尚无可列出的内容。
doctor-examining = 正在检查该运行
    .text = 正在比较各行并查看各帧
doctor-silent = 没有发现问题
    .text = 凡有依据可查的检查均未发现问题
    .later = 凡有依据可查的检查均未发现问题；各行与各帧在训练暂停或结束后再查看
# 各严重程度的发现数量。
doctor-count-severe = { $n } 项严重
doctor-count-warnings = { $n } 项警告
doctor-count-notes = { $n } 项提示
doctor-count-and = { $before }，{ $next }
doctor-count-later = { $counted }；各行与各帧在训练暂停或结束后再查看
# 一项发现。
doctor-check = { $why }

    界限：`{ $bound }`

    ID：{ $id }
doctor-measured = 测得：{ $measured }
doctor-change = 建议：{ $remedy }
# 可以采取的操作。
doctor-repair = 修复
doctor-repair-help = 操作：{ $fixes }。只有在留出帧上的表现不变差时才会保留，并作为与本运行并列的新运行：`Ctrl+Z` 可将其撤销
doctor-repair-then = { $before }；然后{ $fix }
doctor-repair-all = 全部修复
doctor-repair-all-help = 依次进行：{ $fixes }。只有在留出帧上的表现不变差时才会保留，并作为与本运行并列的新运行：`Ctrl+Z` 可将其撤销
doctor-retrain = 以 { $changes } 重新训练
doctor-retrain-help = 按本运行原来的方式训练，但改用 { $changes }；若是加载的模型，则在形状相符时从其码本开始。正在进行的训练会结束
doctor-copy-command = 复制命令
doctor-copy-command-help = 命令行中的同一操作，结果写入文件：

    { $command }
doctor-show = 查看
    .error = 选中它并转到“{ panel-error }”面板
    .usage = 选中它并转到“{ panel-usage }”面板
    .layers = 选中它并转到“{ panel-layers }”面板
    .dead = 选中它并转到“{ panel-dead }”面板
    .codebook = 选中它并转到“{ panel-codebook }”面板
    .data = 选中它并转到“{ panel-data }”面板
# 修复进行期间。
doctor-repairing = 正在修复：{ $stage }
doctor-repairing-begins = 正在修复：准备中
doctor-give-up-help = 放弃修复：运行保持不变
# 修复的结果。
doctor-tried = 修复的结果
    .help = 基于没有用来计算任何修复的帧；运行自身的数值所基于的帧与原运行相同。`Ctrl+Z` 可返回原运行，它仍在“{ panel-runs }”面板中
doctor-tried-before = 之前
doctor-tried-after = 之后
doctor-tried-snr = SNR (dB)
    .help = 经过所有层之后的信噪比
doctor-tried-used = 已用码字
    .help = 被帧选中的码字，所有层合计
doctor-tried-rare = 少用码字
    .help = 帧数低于均匀使用时 0.1 倍的码字，所有层合计
doctor-tried-bits = 比特
    .help = 码字的熵，以每帧比特计，所有层合计
doctor-tried-kept = { $fix }：{ GROUPED($n) } 行，已保留
doctor-tried-not-kept = { $fix }：{ GROUPED($n) } 行，未保留
doctor-tried-to = 操作：{ $title }
doctor-tried-figure = { $figure }：{ $before } → { $after }
