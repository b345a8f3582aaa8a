panel-ema = EMA 收敛
    .help = 码本是否仍在变化，滑动平均是否跟上了计数。已收敛时：漂移低而平稳，各点落在带内
# 随步变化的曲线：开关上的名称与图上方的标题。
ema-drift = 漂移
    .title = 每步的码本漂移
ema-loss = 损失
    .title = 每个训练批次的损失
ema-perplexity = 困惑度
    .title = 每个训练批次的困惑度
ema-sizes = 簇大小
    .help = 每个码字的 EMA 簇大小，与选中它的帧数对照
ema-no-history = 没有训练各步的历史：由缓冲区可看出它们是否一致
ema-frames-add = 簇大小是否跟随各码字被帧选中的频率
ema-comparing = 正在比较各行
    .text = 正在将该层的所有行与其滑动平均比较
ema-no-averages = 没有滑动平均
    .text = 文件中没有这一层的 embed_avg 和 cluster_size
# 数值及其上方和旁边的说明。
ema-layer = 第 { $layer } 层
ema-layer-step = 第 { $layer } 层，第 { $step } 步
ema-decay = 衰减 { $decay }
    .assumed = 假定衰减为 { $decay }
ema-last-drift = 最后一步的漂移
ema-last-loss = 最后一个批次的损失
ema-last-perplexity = 最后一个批次的困惑度
# 簇大小与帧数对照。
ema-sizes-outside = 簇大小：{ $codes } 个码字中有 { $outside } 个超出 ±2 个标准差
ema-against-batch = 批次
    .help = 与最后一个批次的计数对照
ema-against-all = 全部
    .help = 与所有训练帧的计数对照，按一个批次折算
ema-frames-of-batch = 最后一个批次的帧数
    .help = 最后一个批次中有多少帧选中了该码字
ema-frames-expected = 每批的期望帧数
    .help = 训练帧的计数折算到一个批次：count_k / n 乘以 N
ema-size-axis = EMA 簇大小 (帧)
ema-size-axis-help = c_k：一个批次中选中该码字的帧数的滑动平均

    带：对角线两侧各两个标准差。{ $noise }
ema-size-axis-help-batch = c_k：一个批次中选中该码字的帧数的滑动平均

    带：对角线两侧各两个标准差。{ $noise }
    最后一个批次自身的噪声 sqrt(N p (1-p)) 也计入带内
ema-code-of-layer = 第 { $layer } 层，码字 { $code }
ema-size = EMA 簇大小 c_k
