//! Chunks of channels that wait, plain, compressed or in a temporary file, and come back one by one
//! in the order in which they came.
use crate::lz;
use m3u_plugin::{host, memory, ChannelBatch, ChannelEditor};
use std::collections::VecDeque;

const FILE: &str = "rows";
const PLAIN_FILE: u64 = 128 << 20; // bytes of a file until chunks are compressed

#[derive(Default, PartialEq, Eq)]
enum How {
    #[default]
    Plain,
    Compressed,
    Spilled,
}

struct Piece {
    data: Vec<u8>,
    plain_size: usize, // the same as that of `data`: not compressed
}

impl Piece {
    fn unpack(self) -> Vec<u8> {
        if self.data.len() == self.plain_size {
            return self.data;
        }
        let mut frame = Vec::new();
        lz::decompress(&self.data, self.plain_size, &mut frame);
        frame
    }
}

#[derive(Default)]
pub struct RowStore {
    how: How,
    pieces: VecDeque<Piece>,
    file_size: u64,
    read: u64,
    packed: Vec<u8>,
    places: Vec<u32>,
}

impl RowStore {
    pub fn is_spilled(&self) -> bool {
        self.how == How::Spilled
    }
    /// Keeps the chunk as edited. The error is one of the temporary file.
    pub fn add(&mut self, editor: &ChannelEditor) -> Result<(), i32> {
        if editor.is_unchanged() {
            return self.add_frame(editor.batch().frame());
        }
        let block = editor.build();
        let added = self.add_frame(unsafe { block.bytes() });
        unsafe { memory::deallocate(block.data) };
        added
    }

    fn add_frame(&mut self, frame: &[u8]) -> Result<(), i32> {
        if self.how == How::Plain {
            self.pieces.push_back(Piece { data: frame.to_vec(), plain_size: frame.len() });
            return Ok(());
        }
        // The first ones go to disk as they are: compressing takes longer than writing.
        if self.how == How::Spilled && self.file_size < PLAIN_FILE {
            return self.append(frame, frame.len());
        }
        let piece = self.pack(frame);
        if self.how == How::Spilled {
            return self.append(&piece.data, piece.plain_size);
        }
        self.pieces.push_back(piece);
        Ok(())
    }

    fn pack(&mut self, frame: &[u8]) -> Piece {
        lz::compress(frame, &mut self.places, &mut self.packed);
        let smaller = self.packed.len() < frame.len();
        let best = if smaller { &self.packed } else { frame };
        Piece { data: best.to_vec(), plain_size: frame.len() }
    }

    /// From now on chunks wait compressed, those that are here too.
    pub fn compress(&mut self) {
        if self.how != How::Plain {
            return;
        }
        self.how = How::Compressed;
        for i in 0..self.pieces.len() {
            let plain = std::mem::take(&mut self.pieces[i].data);
            self.pieces[i] = self.pack(&plain);
        }
    }

    /// From now on chunks wait in a temporary file, those that are here too; `seen` is called for
    /// each of these. After an error all are still here.
    pub fn spill(
        &mut self,
        mut seen: impl FnMut(&ChannelBatch) -> Result<(), i32>,
    ) -> Result<(), i32> {
        self.file_size = 0;
        self.read = 0;
        host::temp_write(FILE, &[])?;
        let pieces = std::mem::take(&mut self.pieces);
        let moved = pieces.iter().try_for_each(|piece| {
            let copy = Piece { data: piece.data.clone(), plain_size: piece.plain_size };
            let frame = copy.unpack();
            seen(unsafe { &ChannelBatch::from_frame(&frame) })?;
            self.append(&piece.data, piece.plain_size)
        });
        if moved.is_err() {
            let _ = host::temp_delete(FILE);
            self.pieces = pieces;
            return moved;
        }
        self.how = How::Spilled;
        Ok(())
    }

    fn append(&mut self, data: &[u8], plain_size: usize) -> Result<(), i32> {
        let mut header = [0; 8];
        header[..4].copy_from_slice(&(data.len() as u32).to_le_bytes());
        header[4..].copy_from_slice(&(plain_size as u32).to_le_bytes());
        host::temp_append(FILE, &header)?;
        host::temp_append(FILE, data)?;
        self.file_size += (header.len() + data.len()) as u64;
        Ok(())
    }

    /// The next chunk, `None` at the end.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, i32> {
        if self.how != How::Spilled {
            return Ok(self.pieces.pop_front().map(Piece::unpack));
        }
        if self.read == self.file_size {
            return Ok(None);
        }
        let mut header = [0; 8];
        self.read_exact(&mut header)?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
                as usize
        };
        let mut data = vec![0; number(0)];
        self.read_exact(&mut data)?;
        Ok(Some(Piece { data, plain_size: number(4) }.unpack()))
    }
    fn read_exact(&mut self, to: &mut [u8]) -> Result<(), i32> {
        if host::temp_read(FILE, self.read, to)? != to.len() {
            return Err(host::IO_FAILED);
        }
        self.read += to.len() as u64;
        Ok(())
    }
}

impl Drop for RowStore {
    fn drop(&mut self) {
        if self.how == How::Spilled {
            let _ = host::temp_delete(FILE);
        }
    }
}
