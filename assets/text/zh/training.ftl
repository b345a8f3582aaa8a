pitfall-P1 = 不起作用的替换
    .text = EnCodec 在写入滑动平均之前替换死码字，随后又被滑动平均覆盖：初始时就够不到帧的码字一直是死的，而其他训练器能让它们复活。
pitfall-P2 = 只维持一步的替换
    .text = GPT-SoVITS 替换死码字的行，却不替换它的平均值：下一步又把它拉回，然后再次替换。码本永远无法稳定。
pitfall-P4 = 丢失计数的初始化
    .text = EnCodec 和 GPT-SoVITS 从 k-means 开始时令 m = 均值、c = 计数：第一步就用计数去除每一行，k-means 找到的结果随之丢失。
pitfall-P7 = 把一切都判为死码字的阈值
    .text = 正常使用的码字每步有 c = N/K 帧。批次为 K 帧时这个值是 1，阈值 2 帧会把所有码字都算作死码字；相对于 N/K 的阈值则不会。
# 一次运行的帧及其数量。
training-frames = { $frames } 帧
training-frames-train = { $frames } 个训练帧
training-frames-held-out = { $frames } 个留出帧
training-split-all = 全部帧
training-split-train = 训练
training-split-held-out = 留出
training-calibration = 各层的行为训练所得长度的 { $factors } 倍
# 为什么不能从某个量化器继续训练。
training-not-of-chains = 它有多条层链
training-not-in-projection = 各层之外有投影
training-not-with-strides = 其层带有步幅
training-not-by-raw-angle = 其码本按夹角搜索，却按完整长度使用：这要靠梯度训练，这里没有规则能做到
# 对留出帧的定期查看说明了什么。
training-plateau = 自第 { $since } 步起，留出帧的 SNR 提升不超过 { $db } dB
training-plateau-end = 自第 { $since } 步起，留出帧的 SNR 提升不超过 { $db } dB，因此训练在第 { $steps } 步结束
training-kept = 留出帧在第 { $step } 步的状态下损失明显更小，因此保留该状态，而不是第 { $steps } 步的状态
training-plateau-and-kept = { $still }。{ $kept }
# 一层是否已收敛。
training-settled = 自第 { $step } 步起已收敛
training-moving = 仍在移动，每步 { $percent }
training-too-few-steps = 步数太少，无法判断是否已收敛：{ $steps }/{ $needed }
# 死码字阈值与均匀码字的对比。
training-threshold-off = 替换未开启
training-threshold = 阈值为每批 { $frames } 帧
training-threshold-too-high = 阈值 { $frames } 帧不低于 N/K = { $even }：即使均匀使用的码字也会算作死码字
training-threshold-below = 阈值 { $frames } 帧低于 N/K = { $even }
training-usual-threshold = 常用阈值为每批 { $frames } 帧
training-usual-threshold-too-high = 常用阈值 { $frames } 帧不低于 C/K = { $even }，因此在这里不说明问题
training-usual-threshold-below = 常用阈值 { $frames } 帧低于 N/K = { $even }
training-threshold-advised = 0.1 N/K = { $frames } 帧
training-threshold-turn-on = 开启替换，阈值取 { $threshold }
training-threshold-lower = 将阈值降到 { $threshold }
# 更适合数据的参数及其理由。
training-proposed-batch = 这样每个码字每步有 { $frames } 帧，其平均值和阈值都以此为准
training-proposed-batch-all = 每一步使用全部帧：每个码字有 { $frames } 帧
training-proposed-steps = 这样每个码字会见到 { $frames } 帧，相当于把数据过 { $passes } 遍
training-proposed-steps-cut = 这样每个码字会见到 { $frames } 帧，相当于把数据过 { $passes } 遍；再多就太耗时了
training-proposed-decay = 这样平均会回看 { $steps } 步，不超过总步数的十分之一，因而能够收敛
training-proposed-threshold = 均匀码字每步 { $frames } 帧的 { $share } 倍：超过四分之一，正在使用的码字也会死；为 0 则不替换任何码字
training-proposed-patience = 若留出帧的 SNR 在 { $steps } 步内没有提升，训练就结束
# 码字的状态。
training-state-alive = 活跃
    .help = 正在使用：有帧选中了它，或在没有帧时由 c_k 得知，且在阈值已知时 c_k 不低于阈值的两倍
training-state-rare = 少用
    .help = 正在使用，但 c_k 低于死码字阈值的两倍：下一批可能死去的码字
training-state-not-chosen = 未被这些帧选中
    .words = 未被这 { $frames }选中
    .help = 训练过，且 c_k 高于阈值，但这些帧都没有选中它。帧少时，许多码字会偶然未被使用
training-state-below-threshold = 低于阈值
    .help = c_k 低于死码字阈值，更新规则看的正是它
    .help-assumed = c_k 低于死码字阈值，更新规则看的正是它。这里的阈值只是假定的，均匀使用的码字也低于它：在这里不说明问题
training-state-unused = 语料中未使用
    .help = 整个语料中没有帧选中它，无论是训练帧还是留出帧
training-state-replaced = 最近被替换
    .words = 最近 { $steps } 步内被替换
    .help = 因为被算作死码字，更新规则在最近某一步给它安排了新位置
training-state-unknown = 未知
    .help = 模型不含 EMA 簇大小，也没有统计过任何帧：打开帧即可查看
# 受监视文件夹的通知。
training-watch-not-listed = 无法列出该文件夹，将会重试：{ $error }
training-watch-too-many = 该文件夹中的文件多于可监视的数量；请监视其中的某个子文件夹
training-watch-other-shape = 其量化器（{ $own }，{ $metric }）的形状与这里监视的检查点（{ $theirs }，{ $their_metric }）不同；请在单独的文件夹中监视它
training-watch-other-dimension = 用于评判的帧有 { $frames } 维，而量化器为 { $quantizers } 维：将不用帧，只按缓冲区评判
