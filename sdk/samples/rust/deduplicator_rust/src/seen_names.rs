//! Which channel names were there before, in memory or with the help of temporary files. Both give
//! the same answers.
use crate::name_key::NameKey;
use m3u_plugin::host;

/// A hash table of keys, at most half full.
#[derive(Default)]
pub struct SeenNames {
    slots: Vec<NameKey>,
    count: usize,
}

impl SeenNames {
    pub fn bytes(&self) -> usize {
        self.slots.len() * size_of::<NameKey>()
    }
    /// Makes room for these keys and fetches from memory what they will be compared with: all at
    /// once that takes a fraction of the time it takes one by one.
    pub fn expect(&mut self, keys: &[NameKey]) {
        while 2 * (self.count + keys.len()) > self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let all = keys.iter().fold(0, |all, key| all | self.slots[(key >> 64) as usize & mask]);
        std::hint::black_box(all);
    }
    /// Whether the key was there before; it is afterwards.
    pub fn is_known(&mut self, key: NameKey) -> bool {
        if key == 0 {
            return false;
        }
        if 2 * (self.count + 1) > self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(key);
        if self.slots[slot] == key {
            return true;
        }
        self.slots[slot] = key;
        self.count += 1;
        false
    }
    /// Where the key is, or would be.
    fn slot_of(&self, key: NameKey) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = (key >> 64) as usize & mask;
        while self.slots[slot] != 0 && self.slots[slot] != key {
            slot = (slot + 1) & mask;
        }
        slot
    }
    fn grow(&mut self) {
        let size = (2 * self.slots.len()).max(1024);
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for key in old.into_iter().filter(|key| *key != 0) {
            let slot = self.slot_of(key);
            self.slots[slot] = key;
        }
    }
    /// Forgets all and keeps room for `count`.
    fn clear(&mut self, count: usize) {
        let size = (2 * (count + 1)).next_power_of_two().max(1024);
        self.slots.clear();
        self.slots.resize(size, 0);
        self.count = 0;
    }
}

const PARTS: usize = 64;
const ENTRY: usize = 20; // a key and the row's number
const WAITING: usize = 256 * ENTRY; // bytes of a part that wait in memory
const TABLE: u64 = 120_000; // keys in the table at a time
const BLOCK: usize = 2048 * ENTRY; // bytes that are read at a time
const WINDOW: u32 = 1 << 23; // rows whose answers are in memory
const DUPLICATES: &str = "duplicates";

#[derive(Default)]
struct Part {
    keys: u64,
    waiting: Vec<u8>,
}

fn part_name(part: usize) -> String {
    format!("keys{part:02}")
}

/// Calls `entry` for each of the file's entries of `N` bytes.
fn each_entry<const N: usize>(
    name: &str,
    count: u64,
    mut entry: impl FnMut(&[u8; N]) -> Result<(), i32>,
) -> Result<(), i32> {
    let size = count * N as u64;
    let mut block = vec![0; BLOCK / N * N];
    let mut at = 0;
    while at < size {
        let wanted = (size - at).min(block.len() as u64) as usize;
        if host::temp_read(name, at, &mut block[..wanted])? != wanted {
            return Err(host::IO_FAILED);
        }
        for bytes in block[..wanted].chunks_exact(N) {
            if let Ok(bytes) = bytes.try_into() {
                entry(bytes)?;
            }
        }
        at += wanted as u64;
    }
    Ok(())
}

/// Keys go to one of 64 temporary files by their first bits. Each file is read on its own, in
/// several passes if it has too many keys for the table, and gives the numbers of the rows that are
/// duplicates; rows then ask in their order.
pub struct SpilledNames {
    parts: Vec<Part>,
    rows: u32,
    duplicates: Vec<u8>, // numbers that wait for being written
    duplicate_count: u64,
    bits: Vec<u8>,
    window: u32,
    taken: u32,
}

impl SpilledNames {
    pub fn start() -> Self {
        for part in 0..PARTS {
            let _ = host::temp_delete(&part_name(part));
        }
        let _ = host::temp_delete(DUPLICATES);
        SpilledNames {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            rows: 0,
            duplicates: Vec::new(),
            duplicate_count: 0,
            bits: Vec::new(),
            window: 0,
            taken: 0,
        }
    }

    /// The key of the next row. The error is one of the temporary file.
    pub fn add(&mut self, key: NameKey) -> Result<(), i32> {
        let row = self.rows;
        self.rows += 1;
        if key == 0 {
            return Ok(());
        }
        let index = (key >> 122) as usize;
        let part = &mut self.parts[index];
        part.keys += 1;
        part.waiting.extend_from_slice(&key.to_le_bytes());
        part.waiting.extend_from_slice(&row.to_le_bytes());
        if part.waiting.len() < WAITING {
            return Ok(());
        }
        self.flush(index)
    }
    fn flush(&mut self, index: usize) -> Result<(), i32> {
        let part = &mut self.parts[index];
        if !part.waiting.is_empty() {
            host::temp_append(&part_name(index), &part.waiting)?;
            part.waiting.clear();
        }
        Ok(())
    }

    /// Finds the duplicates.
    pub fn resolve(&mut self) -> Result<(), i32> {
        let mut table = SeenNames::default();
        for index in 0..PARTS {
            self.flush(index)?;
            self.parts[index].waiting = Vec::new();
            self.resolve_part(index, &mut table)?;
            let _ = host::temp_delete(&part_name(index));
        }
        self.flush_duplicates()?;
        self.read_window(0)
    }

    fn resolve_part(&mut self, index: usize, table: &mut SeenNames) -> Result<(), i32> {
        let keys = self.parts[index].keys;
        let passes = keys / TABLE + 1;
        for pass in 0..passes {
            table.clear(keys.min(TABLE) as usize);
            each_entry(&part_name(index), keys, |entry: &[u8; ENTRY]| {
                let (key, row) = entry.split_at(16);
                let key = NameKey::from_le_bytes(key.try_into().unwrap_or_default());
                let chosen = (key as u64) / 2 % passes == pass;
                if !chosen || !table.is_known(key) {
                    return Ok(());
                }
                self.duplicates.extend_from_slice(row);
                self.duplicate_count += 1;
                if self.duplicates.len() < BLOCK {
                    return Ok(());
                }
                self.flush_duplicates()
            })?;
        }
        Ok(())
    }
    fn flush_duplicates(&mut self) -> Result<(), i32> {
        if !self.duplicates.is_empty() {
            host::temp_append(DUPLICATES, &self.duplicates)?;
            self.duplicates.clear();
        }
        Ok(())
    }

    /// Reads the answers for the rows from `first` on.
    fn read_window(&mut self, first: u32) -> Result<(), i32> {
        let rows = (self.rows - first).min(WINDOW);
        self.window = first;
        self.bits.clear();
        self.bits.resize(rows as usize / 8 + 1, 0);
        let bits = &mut self.bits;
        each_entry(DUPLICATES, self.duplicate_count, |row: &[u8; 4]| {
            let place = u32::from_le_bytes(*row).wrapping_sub(first);
            if place < rows {
                bits[place as usize / 8] |= 1 << (place % 8);
            }
            Ok(())
        })
    }

    /// Whether the next row is a duplicate.
    pub fn take_is_duplicate(&mut self) -> Result<bool, i32> {
        if self.taken - self.window == WINDOW {
            self.read_window(self.taken)?;
        }
        let place = self.taken - self.window;
        self.taken += 1;
        Ok(self.bits[place as usize / 8] >> (place % 8) & 1 != 0)
    }
}

impl Drop for SpilledNames {
    fn drop(&mut self) {
        let _ = host::temp_delete(DUPLICATES);
    }
}
