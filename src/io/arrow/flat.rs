//! FlatBuffers, as far as Arrow's messages need them: tables whose fields are found by number. What lies outside is not there.

/// A table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the table that tells where its fields are begins, and how long it is.
    fields: usize,
    fields_len: usize,
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlatList<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) len: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn offset(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(u32::from_le_bytes(array(bytes, at)?) as usize).filter(|&to| to < bytes.len())
}

impl<'a> Flat<'a> {
    /// The table that `bytes` are of.
    pub(super) fn root(bytes: &'a [u8]) -> Option<Self> {
        Self::at(bytes, offset(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let back = i64::from(i32::from_le_bytes(array(bytes, at)?));
        let fields = usize::try_from((at as i64).checked_sub(back)?).ok()?;
        let fields_len = usize::from(u16::from_le_bytes(array(bytes, fields)?));
        Some(Self { bytes, at, fields, fields_len })
    }

    /// Where a field lies.
    fn place(&self, field: usize) -> Option<usize> {
        let entry = 4 + 2 * field;
        if entry + 2 > self.fields_len {
            return None;
        }
        let step = u16::from_le_bytes(array(self.bytes, self.fields.checked_add(entry)?)?);
        (step != 0).then(|| self.at + usize::from(step))
    }

    fn number<const N: usize>(&self, field: usize) -> Option<[u8; N]> {
        array(self.bytes, self.place(field)?)
    }

    /// A field of a byte; 0 where it is not there.
    pub(super) fn u8(&self, field: usize) -> u8 {
        self.number::<1>(field).map_or(0, |[byte]| byte)
    }

    pub(super) fn i16(&self, field: usize) -> i16 {
        self.number(field).map_or(0, i16::from_le_bytes)
    }

    pub(super) fn i32(&self, field: usize) -> i32 {
        self.number(field).map_or(0, i32::from_le_bytes)
    }

    pub(super) fn i64(&self, field: usize) -> i64 {
        self.number(field).map_or(0, i64::from_le_bytes)
    }

    pub(super) fn table(&self, field: usize) -> Option<Self> {
        Self::at(self.bytes, offset(self.bytes, self.place(field)?)?)
    }

    pub(super) fn list(&self, field: usize) -> Option<FlatList<'a>> {
        let at = offset(self.bytes, self.place(field)?)?;
        let len = u32::from_le_bytes(array(self.bytes, at)?) as usize;
        Some(FlatList { bytes: self.bytes, at: at + 4, len })
    }

    pub(super) fn text(&self, field: usize) -> Option<String> {
        let list = self.list(field)?;
        let bytes = list.bytes.get(list.at..list.at.checked_add(list.len)?)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

impl<'a> FlatList<'a> {
    /// The table at a place of a list of tables.
    pub(super) fn table(&self, nth: usize) -> Option<Flat<'a>> {
        if nth >= self.len {
            return None;
        }
        Flat::at(self.bytes, offset(self.bytes, self.at.checked_add(nth.checked_mul(4)?)?)?)
    }

    /// The number at a place of a list of 64-bit numbers, or of records of such.
    pub(super) fn i64(&self, nth: usize) -> Option<i64> {
        array(self.bytes, self.at.checked_add(nth.checked_mul(8)?)?).map(i64::from_le_bytes)
    }
}
