//! Protocol buffer messages, field by field: as much of the wire format as TensorBoard's events need.

/// The bytes of a message under construction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message(Vec<u8>);

/// How the value of a field lies in the bytes.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    EightBytes = 1,
    Counted = 2,
    FourBytes = 5,
}

impl Message {
    /// With a whole number; signed ones that are not negative are written alike.
    pub(super) fn integer(mut self, field: u32, value: u64) -> Self {
        self.key(field, Wire::Varint);
        self.varint(value);
        self
    }

    /// With a number of eight bytes.
    pub(super) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, Wire::EightBytes);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// With a number of four bytes.
    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, Wire::FourBytes);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// With bytes or text.
    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, Wire::Counted);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// With another message inside.
    pub(super) fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// With many numbers of eight bytes.
    pub(super) fn doubles(mut self, field: u32, values: &[f64]) -> Self {
        self.key(field, Wire::Counted);
        self.varint(8 * values.len() as u64);
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    /// What it comes to.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn key(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field) << 3 | wire as u64);
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_as_the_wire_format_says() {
        // The examples of the format's own documentation: 150 in field 1, "testing" in field 2, a message in field 3.
        let inner = Message::default().integer(1, 150);
        assert_eq!(inner.as_bytes(), [0x08, 0x96, 0x01]);
        let text = Message::default().bytes(2, b"testing");
        assert_eq!(text.as_bytes(), [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
        assert_eq!(Message::default().message(3, &inner).as_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().float(2, 1.0).as_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(Message::default().double(1, 1.0).as_bytes(), [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        let packed = Message::default().doubles(6, &[0.0, 1.0]);
        assert_eq!(packed.as_bytes()[..2], [0x32, 16]);
        assert_eq!(packed.as_bytes().len(), 18);
        assert_eq!(Message::default().integer(16, 0).as_bytes(), [0x80, 0x01, 0x00]);
    }
}
