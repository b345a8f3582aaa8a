//! Rows that lie with several ranks, brought together.

use super::{Lost, Ranks};

/// `count` rows of `dim` numbers, one behind the other, of which each rank gives `own`: the number of a row and the row. The same on every rank.
///
/// A row that no rank gives is zero.
///
/// # Errors
/// [`Lost`].
pub fn join_rows<'a>(
    ranks: &dyn Ranks,
    (count, dim): (usize, usize),
    own: impl Iterator<Item = (usize, &'a [f32])>,
) -> Result<Vec<f32>, Lost> {
    let (mut places, mut values): (Vec<u32>, Vec<f32>) = (Vec::new(), Vec::new());
    for (place, row) in own {
        places.push(place as u32);
        values.extend_from_slice(row);
    }
    let mut bytes = Vec::with_capacity(4 * (places.len() + values.len()));
    bytes.extend_from_slice(bytemuck::cast_slice(&places));
    bytes.extend_from_slice(bytemuck::cast_slice(&values));
    let mut joined = vec![0f32; count * dim];
    for told in ranks.gather(&bytes)? {
        let words: Vec<u32> = told.as_chunks::<4>().0.iter().map(|&word| u32::from_ne_bytes(word)).collect();
        let (places, values) = words.split_at(words.len() / (dim + 1));
        for (&place, row) in places.iter().zip(values.chunks_exact(dim.max(1))) {
            if let Some(to) = joined.get_mut(place as usize * dim..(place as usize + 1) * dim) {
                to.iter_mut().zip(row).for_each(|(value, &bits)| *value = f32::from_bits(bits));
            }
        }
    }
    Ok(joined)
}
