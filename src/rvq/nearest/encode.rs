//! One row in a kernel's number format, with the norms that bound what the format loses.

/// How a kernel holds numbers: always in 32-bit words, of one, two or four dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Format {
    F32,
    /// Two dimensions a word, with a step for each row that keeps any product of two rows, and every part of it, within 32 bits.
    Int16,
    /// Four dimensions a word, with a step for each row. Frames are signed with 127 levels; codes have `levels`
    /// on either side of `shift`.
    Int8 {
        levels: i32,
        shift: i32,
    },
}

/// Words that the kernels take at a time: a row's number of words is a multiple of it.
pub(super) const UNROLL: usize = 4;

impl Format {
    /// Length of a row of `dim` dimensions with its padding.
    pub(super) fn depth(self, dim: usize) -> usize {
        match self {
            Self::F32 => dim.next_multiple_of(UNROLL),
            Self::Int16 => dim.next_multiple_of(2 * UNROLL).next_multiple_of(16),
            Self::Int8 { .. } => dim.next_multiple_of(4 * UNROLL),
        }
    }

    pub(super) fn dims_per_word(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Int16 => 2,
            Self::Int8 { .. } => 4,
        }
    }

    /// What is added to every unit of a code.
    pub(super) fn code_shift(self) -> i32 {
        if let Self::Int8 { shift, .. } = self { shift } else { 0 }
    }

    /// What dimension `i` is multiplied by: the norm and the random signs of the rotation, where there is one.
    pub(super) fn gain(self, i: usize, dim: usize) -> f32 {
        match self {
            Self::F32 | Self::Int16 => 1.0,
            Self::Int8 { .. } => {
                let sign = if (i as u32).wrapping_mul(0x9e37_79b1) >> 31 == 0 { 1.0 } else { -1.0 };
                sign / (rotation_span(dim) as f32).sqrt()
            }
        }
    }
}

/// A row in a kernel's format.
pub(super) struct Row {
    /// Value of one unit.
    pub step: f32,
    /// Norm, or a little more.
    pub length: f32,
    /// Norm of the difference between the row and its rounded form, or a little more.
    pub error: f32,
    /// Sum of the units: what an offset on the other side adds to the product.
    pub unit_sum: i32,
}

/// Relative slack of a norm: it covers the roundings of centring, rotation and of the norm's own sum.
const LENGTH_SLACK: f32 = 1.0 / (1u32 << 10) as f32;

/// Relative error of a row that the format holds exactly: the roundings of centring, rotation and rounding.
const ROW_SLACK: f32 = 1.0 / (1u32 << 18) as f32;

/// What underflow of the squares may have taken from a norm, and more.
const LENGTH_FLOOR: f32 = 1.0 / (1u128 << 70) as f32;

/// A row with nothing above this is all error: its step would have too few bits.
const SMALLEST: f32 = 1.0 / (1u64 << 60) as f32;

/// Adding it leaves the integer nearest to a small number in the low bits, its remainder modulo 2^16 in the lowest 16.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Writes `(x - centre) * gain` in `format` to `words`, using `row` of the padded length, whose end is zero.
#[inline(always)]
pub(super) fn encode(
    x: &[f32],
    centre: &[f32],
    gain: &[f32],
    format: Format,
    is_code: bool,
    row: &mut [f32],
    words: &mut [u32],
) -> Row {
    for (((y, &x), &c), &g) in row.iter_mut().zip(x).zip(centre).zip(gain) {
        *y = (x - c) * g;
    }
    // A rotation has filled the padding of the last row.
    row[x.len()..].fill(0.0);
    match format {
        Format::F32 => {
            let length = norm(row);
            for (word, y) in words.iter_mut().zip(&*row) {
                *word = y.to_bits();
            }
            // Every product of the sum may round once, and so may every addition.
            let error = length * (row.len() + 64) as f32 * f32::EPSILON;
            Row { step: 1.0, length, error: if is_code { 0.0 } else { error }, unit_sum: 0 }
        }
        Format::Int16 => int16(row, words),
        Format::Int8 { levels, shift } => {
            rotate(row, x.len());
            if is_code { int8(row, levels, shift, words) } else { int8(row, 127, 0, words) }
        }
    }
}

#[inline(always)]
fn int8(row: &[f32], levels: i32, shift: i32, words: &mut [u32]) -> Row {
    let largest = max_abs(row);
    let (step, inverse) =
        if largest > SMALLEST { (largest / levels as f32, levels as f32 / largest) } else { (0.0, 0.0) };
    let (mut errors, mut squares, mut units) = ([0.0f32; 16], [0.0f32; 16], [0i32; 16]);
    for (ys, words) in row.as_chunks::<16>().0.iter().zip(words.as_chunks_mut::<4>().0) {
        let mut bytes = [0u8; 16];
        for l in 0..16 {
            let rounded = ys[l] * inverse + ROUND;
            let unit = rounded.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
            let error = ys[l] - (rounded - ROUND) * step;
            errors[l] += error * error;
            squares[l] += ys[l] * ys[l];
            units[l] = units[l].wrapping_add(unit);
            bytes[l] = unit.wrapping_add(shift) as u8;
        }
        for (word, quad) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*quad);
        }
    }
    let length = norm_bound(tree(squares));
    let error = norm_bound(tree(errors)) + length * ROW_SLACK;
    Row { step, length, error, unit_sum: units.iter().fold(0, |sum, &unit| sum.wrapping_add(unit)) }
}

/// By Cauchy-Schwarz, products of rows of smaller norm than this, in units, fit 32 bits.
const LARGEST_INT16_NORM: f32 = 46_340.0;

#[inline(always)]
fn int16(row: &[f32], words: &mut [u32]) -> Row {
    let (largest, length) = (max_abs(row), norm(row));
    // Rounding adds half a unit to each dimension at most.
    let room = LARGEST_INT16_NORM - 0.5 * (row.len() as f32).sqrt() - 1.0;
    let step = (largest / 32_767.0).max(length / room);
    let is_fit = largest > SMALLEST && room > 0.0 && step.is_finite();
    let (step, inverse) = if is_fit { (step, 1.0 / step) } else { (0.0, 0.0) };
    let mut errors = [0.0f32; 16];
    for (ys, words) in row.as_chunks::<16>().0.iter().zip(words.as_chunks_mut::<8>().0) {
        let mut units = [0u16; 16];
        for l in 0..16 {
            let rounded = ys[l] * inverse + ROUND;
            let error = ys[l] - (rounded - ROUND) * step;
            errors[l] += error * error;
            units[l] = rounded.to_bits() as u16;
        }
        for (word, pair) in words.iter_mut().zip(units.as_chunks::<2>().0) {
            *word = u32::from(pair[0]) | u32::from(pair[1]) << 16;
        }
    }
    Row { step, length, error: norm_bound(tree(errors)) + length * ROW_SLACK, unit_sum: 0 }
}

/// Spreads outlying dimensions over the row: Hadamard butterflies between its groups of 16, whose norm and random
/// signs are in the gain.
#[inline(always)]
fn rotate(row: &mut [f32], dim: usize) {
    let span = 16 * rotation_span(dim);
    for block in row.chunks_exact_mut(span) {
        let mut half = 16;
        while half < span {
            for pair in block.chunks_exact_mut(2 * half) {
                let (a, b) = pair.split_at_mut(half);
                for (a, b) in a.iter_mut().zip(b) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
            half *= 2;
        }
    }
}

/// Groups of 16 dimensions that one rotation mixes: the largest power of two that divides their number.
pub(super) fn rotation_span(dim: usize) -> usize {
    let groups = dim.div_ceil(16);
    groups & groups.wrapping_neg()
}

#[inline(always)]
fn max_abs(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    for ys in row.as_chunks::<16>().0 {
        for l in 0..16 {
            lanes[l] = larger(ys[l].abs(), lanes[l]);
        }
    }
    let (mut eight, mut four) = ([0.0f32; 8], [0.0f32; 4]);
    for l in 0..8 {
        eight[l] = larger(lanes[l], lanes[l + 8]);
    }
    for l in 0..4 {
        four[l] = larger(eight[l], eight[l + 4]);
    }
    larger(larger(four[0], four[2]), larger(four[1], four[3]))
}

/// The larger of two numbers that are not NaN: unlike [`f32::max`] it is one instruction.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn norm(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for ys in chunks {
        for l in 0..16 {
            lanes[l] += ys[l] * ys[l];
        }
    }
    for (lane, &y) in lanes.iter_mut().zip(rest) {
        *lane += y * y;
    }
    norm_bound(tree(lanes))
}

/// A norm, or a little more, from the sum of its squares.
#[inline(always)]
fn norm_bound(sum: f32) -> f32 {
    sum.sqrt() * (1.0 + LENGTH_SLACK) + LENGTH_FLOOR
}

/// Sum of 16 lanes in an order that every kernel keeps.
#[inline(always)]
pub(super) fn tree(lanes: [f32; 16]) -> f32 {
    // An array for each step: halving one in place goes through memory.
    let (mut eight, mut four) = ([0.0f32; 8], [0.0f32; 4]);
    for l in 0..8 {
        eight[l] = lanes[l] + lanes[l + 8];
    }
    for l in 0..4 {
        four[l] = eight[l] + eight[l + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}
