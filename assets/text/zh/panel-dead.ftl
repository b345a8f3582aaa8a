figure-replaced = 被替换
    .text = 在这一步中被更新规则判为死码字并移到新位置的码字
panel-dead = 死码字
    .help = 一层中每个码字的状态。“死”有三种含义：在当前窗口内未使用，低于阈值，在整个语料中未使用
dead-no-history = 没有训练各步的历史
dead-below-over-steps = 低于阈值的码字
dead-replaced-over-steps = 每步替换的码字
dead-all-of-the-file = 整个文件
dead-codes-alone = 仅有码字无法得知哪些码字低于阈值或被替换：还需要生成它们的模型，以及相应的音频或特征
# 颜色旁的说明。
dead-state-count = { $state }：{ $count }
dead-replaced-count = 被替换：{ $count }，统计最近
dead-one-state = 每个码字只有一种状态，取以下第一个符合的：被替换、未使用、低于阈值、未被选中、少用、活跃
# 接在 `dead-replaced-count` 之后的步数后面。
dead-recent-steps = {" "}步
    .help = 在最近这么多步内被替换的码字显示为被替换
# 阈值数值旁的说明。
dead-even = N/K = { $frames }
dead-expiry-from = 从 N/K 起
    .below = N/K 本身已低于阈值
    .never = 永不过期
dead-map = 第 { $layer } 层的码字
dead-map-help = 每个格子是一个码字，逐行排列。指向格子可读数，单击可在所有面板中选中该码字，双击可转到“{ panel-code }”面板
dead-map-name = 码字图
# 读数。
dead-code-state = 码字 { $code }：{ $state }
dead-code-chosen = { $frames } 帧中有 { GROUPED($n) } 帧选中它
dead-code-without-codebooks = 没有码本，因此没有 EMA 簇大小
dead-code-size = EMA 簇大小 c_k：每批 { $size } 帧
dead-code-threshold = 阈值：每批 { $threshold } 帧
dead-code-never-replaced = 从未被替换
dead-code-replaced = 最近一次替换在第 { $step } 步
dead-code-replaced-unknown = 加载的模型不含替换时间的记录
