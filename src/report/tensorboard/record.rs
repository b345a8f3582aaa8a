//! The frame around each event in a file: its length, the event, and a checksum of either.

/// Puts `data` behind what `out` holds already, as one record: `length: u64, masked CRC of the length, data, masked CRC of the data`, all
/// little-endian.
pub(super) fn push_record(out: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend_from_slice(data);
    out.extend(masked_crc(data).to_le_bytes());
}

/// CRC-32C (Castagnoli), rotated and moved on, so that a checksum of bytes with checksums among them is still a good one.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_its_length_and_both_checksums() {
        // The check value of CRC-32C, and what the mask makes of it.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked_crc(b"123456789"), 0xc78a_b0e5);
        let mut out = b"before".to_vec();
        push_record(&mut out, b"123456789");
        let record = &out[6..];
        assert_eq!(record[..8], 9u64.to_le_bytes());
        assert_eq!(record[8..12], masked_crc(&record[..8]).to_le_bytes());
        assert_eq!(record[12..21], *b"123456789");
        assert_eq!(record[21..], 0xc78a_b0e5_u32.to_le_bytes());
    }
}
