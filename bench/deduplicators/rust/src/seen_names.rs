//! Which channel names were there before, in memory or with the help of temporary files. Both give
//! the same answers.
use crate::name_key::NameKey;
use m3u_plugin::host;

/// Keys one behind the other, and a hash table of their places, at most half full: a place and
/// another 32 bits of its key, so that hardly a key is compared that is another.
#[derive(Default)]
pub struct SeenNames {
    slots: Vec<u64>, // 0: nothing
    keys: Vec<NameKey>,
}

/// The upper half of what is in a key's slot.
fn tag(key: NameKey) -> u64 {
    (key >> 96 << 32) as u64
}

impl SeenNames {
    pub fn bytes(&self) -> usize {
        size_of_val(&self.slots[..]) + size_of_val(&self.keys[..])
    }
    /// Makes room for these keys and fetches from memory what they will be compared with: all at
    /// once that takes a fraction of the time it takes one by one.
    pub fn expect(&mut self, keys: &[NameKey]) {
        while 2 * (self.keys.len() + keys.len()) > self.slots.len() {
            self.grow();
        }
        let all = keys.iter().fold(0, |all, &key| all | self.slots[self.first_slot(key)]);
        std::hint::black_box(all);
    }
    /// Whether the key was there before; it is afterwards.
    pub fn is_known(&mut self, key: NameKey) -> bool {
        if key == 0 {
            return false;
        }
        if 2 * (self.keys.len() + 1) > self.slots.len() {
            self.grow();
        }
        let mut slot = self.first_slot(key);
        while self.slots[slot] != 0 {
            let found = self.slots[slot];
            if (found ^ tag(key)) >> 32 == 0 && self.keys[found as u32 as usize - 1] == key {
                return true;
            }
            slot = self.after(slot);
        }
        self.keys.push(key);
        self.slots[slot] = tag(key) | self.keys.len() as u64;
        false
    }
    fn first_slot(&self, key: NameKey) -> usize {
        (key >> 64) as usize & (self.slots.len() - 1)
    }
    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }
    fn grow(&mut self) {
        let size = (2 * self.slots.len()).max(1024);
        self.slots = Vec::new(); // first, as both at once take more
        self.slots = vec![0; size];
        for (i, &key) in self.keys.iter().enumerate() {
            let mut slot = self.first_slot(key);
            while self.slots[slot] != 0 {
                slot = self.after(slot);
            }
            self.slots[slot] = tag(key) | (i + 1) as u64;
        }
    }
    /// Forgets all and keeps room for `count`.
    fn clear(&mut self, count: usize) {
        let size = (2 * (count + 1)).next_power_of_two().max(1024);
        self.slots.clear();
        self.slots.resize(size, 0);
        self.keys.clear();
        self.keys.reserve_exact(count);
    }
}

const PARTS: usize = 16;
const ENTRY: usize = 16; // what is kept of a key, and the row's number
const WAITING: usize = 7000 * ENTRY; // bytes of a part in memory: 1.8 MB in all
const TABLE: u64 = 120_000; // keys in the table at a time
const BLOCK: usize = 2048 * ENTRY; // bytes that are read, or of duplicates written, at a time
const WINDOW: u32 = 1 << 23; // rows whose answers are in memory
const DUPLICATES: &str = "duplicates";

/// 96 bits of a key, which are enough for any list, and its row.
fn entry_of(key: NameKey, row: u32) -> [u8; ENTRY] {
    let key = key >> 64 << 64 | NameKey::from(key as u32) << 32;
    (key | NameKey::from(row)).to_le_bytes()
}
fn key_and_row(entry: &[u8; ENTRY]) -> (NameKey, u32) {
    let entry = NameKey::from_le_bytes(*entry);
    (entry >> 32 << 32, entry as u32)
}

fn part_name(part: usize) -> String {
    format!("keys{part:02}")
}

/// Pieces of `N` bytes, the first of which are in a temporary file.
#[derive(Default)]
struct Pieces<const N: usize> {
    filed: u64, // bytes in the file
    waiting: Vec<u8>,
}

impl<const N: usize> Pieces<N> {
    fn count(&self) -> u64 {
        (self.filed + self.waiting.len() as u64) / N as u64
    }
    fn flush(&mut self, name: &str) -> Result<(), i32> {
        host::temp_append(name, &self.waiting)?;
        self.filed += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
    /// Calls `see` for each.
    fn each(
        &self,
        name: &str,
        mut see: impl FnMut(&[u8; N]) -> Result<(), i32>,
    ) -> Result<(), i32> {
        let mut see_all = |bytes: &[u8]| {
            bytes.chunks_exact(N).filter_map(<[u8]>::first_chunk).try_for_each(&mut see)
        };
        let mut block = Vec::new();
        let mut at = 0;
        while at < self.filed {
            block.resize((self.filed - at).min((BLOCK / N * N) as u64) as usize, 0);
            if host::temp_read(name, at, &mut block)? != block.len() {
                return Err(host::IO_FAILED);
            }
            see_all(&block)?;
            at += block.len() as u64;
        }
        see_all(&self.waiting)
    }
}

/// Keys go to one of 16 parts by their first bits; what of a part has no room in memory goes to its
/// temporary file. Each part is looked at on its own, in several passes if it has too many keys for
/// the table, and gives the numbers of the rows that are duplicates; rows then ask in their order.
pub struct SpilledNames {
    parts: [Pieces<ENTRY>; PARTS],
    rows: u32,
    duplicates: Pieces<4>, // the rows' numbers
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
            parts: Default::default(),
            rows: 0,
            duplicates: Pieces::default(),
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
        let index = (key >> 124) as usize;
        let part = &mut self.parts[index];
        if part.waiting.is_empty() {
            part.waiting.reserve_exact(WAITING);
        }
        part.waiting.extend_from_slice(&entry_of(key, row));
        if part.waiting.len() < WAITING {
            return Ok(());
        }
        part.flush(&part_name(index))
    }

    /// Finds the duplicates.
    pub fn resolve(&mut self) -> Result<(), i32> {
        let mut table = SeenNames::default();
        for (index, part) in self.parts.iter_mut().enumerate() {
            let name = part_name(index);
            let part = std::mem::take(part);
            note_duplicates(&part, &name, &mut table, &mut self.duplicates)?;
            if part.filed != 0 {
                let _ = host::temp_delete(&name);
            }
        }
        self.read_window(0)
    }

    /// Reads the answers for the rows from `first` on.
    fn read_window(&mut self, first: u32) -> Result<(), i32> {
        let rows = (self.rows - first).min(WINDOW);
        self.window = first;
        self.bits.clear();
        self.bits.resize(rows as usize / 8 + 1, 0);
        let bits = &mut self.bits;
        self.duplicates.each(DUPLICATES, |row| {
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

/// Notes the rows of a part whose keys were there before.
fn note_duplicates(
    part: &Pieces<ENTRY>,
    name: &str,
    table: &mut SeenNames,
    duplicates: &mut Pieces<4>,
) -> Result<(), i32> {
    let keys = part.count();
    let passes = keys / TABLE + 1;
    for pass in 0..passes {
        table.clear(keys.min(TABLE) as usize);
        part.each(name, |entry| {
            let (key, row) = key_and_row(entry);
            let chosen = (key as u64 >> 33) % passes == pass;
            if !chosen || !table.is_known(key) {
                return Ok(());
            }
            duplicates.waiting.extend_from_slice(&row.to_le_bytes());
            if duplicates.waiting.len() < BLOCK {
                return Ok(());
            }
            duplicates.flush(DUPLICATES)
        })?;
    }
    Ok(())
}

impl Drop for SpilledNames {
    fn drop(&mut self) {
        if self.duplicates.filed != 0 {
            let _ = host::temp_delete(DUPLICATES);
        }
    }
}
