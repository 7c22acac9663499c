//! Chunks of channels that wait until all are there.
use crate::batch::ChannelBatch;
use crate::channel_editor::ChannelEditor;
use crate::host;
use crate::memory::Buffer;
use crate::packed_frame::{unpack, Packer};
use alloc::collections::VecDeque;

const FILE: &str = "chunks";

#[derive(Default, PartialEq, Eq)]
enum How {
    #[default]
    Plain,
    Compressed,
    Spilled,
}

struct Piece {
    data: Buffer,
    plain_size: usize, // the same as that of `data`: not compressed
}

impl Piece {
    fn packed(frame: &[u8], packer: &mut Packer) -> Self {
        // SAFETY: what is stored comes from the host or from an editor.
        let packed = unsafe { packer.pack(frame) };
        let best = if packed.len() < frame.len() { packed } else { frame };
        Piece { data: Buffer::copy_of(best), plain_size: frame.len() }
    }
    fn is_plain(&self) -> bool {
        self.data.len() == self.plain_size
    }
    fn into_frame(self) -> Buffer {
        if self.is_plain() {
            return self.data;
        }
        // SAFETY: `packed` made it.
        unsafe { unpack(&self.data) }
    }
}

/// Chunks of channels that wait, plain, compressed or in a temporary file, and come back one by one
/// in the order in which they came. How they wait does not show in what comes back. Spilling needs
/// the permission temp_files; the file's name is "chunks". Errors are those of [`crate::host`].
#[derive(Default)]
pub struct ChunkStore {
    how: How,
    pieces: VecDeque<Piece>,
    bytes: usize, // of the pieces
    file_size: u64,
    read: u64,
    packer: Packer,
}

impl ChunkStore {
    /// What waits in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
    pub fn is_spilled(&self) -> bool {
        self.how == How::Spilled
    }
    /// Keeps the chunk as edited. The error is one of the temporary file.
    pub fn add(&mut self, editor: &ChannelEditor) -> Result<(), i32> {
        if editor.is_unchanged() && self.how != How::Plain {
            return self.add_frame(editor.batch().frame());
        }
        let frame = if editor.is_unchanged() {
            Buffer::copy_of(editor.batch().frame())
        } else {
            // SAFETY: it was just built.
            unsafe { Buffer::of_block(editor.build()) }
        };
        if self.how != How::Plain {
            return self.add_frame(&frame);
        }
        let plain_size = frame.len();
        self.keep(Piece { data: frame, plain_size });
        Ok(())
    }

    fn add_frame(&mut self, frame: &[u8]) -> Result<(), i32> {
        let piece = Piece::packed(frame, &mut self.packer);
        if self.how == How::Spilled {
            return self.append(&piece.data, piece.plain_size);
        }
        self.keep(piece);
        Ok(())
    }

    fn keep(&mut self, piece: Piece) {
        self.bytes += piece.data.len();
        self.pieces.push_back(piece);
    }

    /// From now on chunks wait compressed, those that are here too.
    pub fn compress(&mut self) {
        if self.how != How::Plain {
            return;
        }
        self.how = How::Compressed;
        self.bytes = 0;
        for piece in &mut self.pieces {
            *piece = Piece::packed(&piece.data, &mut self.packer);
            self.bytes += piece.data.len();
        }
    }

    /// From now on chunks wait in a temporary file, those that are here too; `seen` is called for
    /// each of these. After an error all are still here. Does nothing where they are there already.
    pub fn spill(
        &mut self,
        mut seen: impl FnMut(&ChannelBatch) -> Result<(), i32>,
    ) -> Result<(), i32> {
        if self.is_spilled() {
            return Ok(());
        }
        self.file_size = 0;
        self.read = 0;
        host::temp_write(FILE, &[])?;
        let pieces = core::mem::take(&mut self.pieces);
        let moved = pieces.iter().try_for_each(|piece| {
            // SAFETY: `packed` made it, of a frame from the host or from an editor.
            unsafe {
                if piece.is_plain() {
                    seen(&ChannelBatch::from_frame(&piece.data))?;
                } else {
                    seen(&ChannelBatch::from_frame(&unpack(&piece.data)))?;
                }
            }
            self.append(&piece.data, piece.plain_size)
        });
        if moved.is_err() {
            let _ = host::temp_delete(FILE);
            self.pieces = pieces;
            return moved;
        }
        self.how = How::Spilled;
        self.bytes = 0;
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
    pub fn next_chunk(&mut self) -> Result<Option<Buffer>, i32> {
        if self.how != How::Spilled {
            let next = self.pieces.pop_front();
            self.bytes -= next.as_ref().map_or(0, |piece| piece.data.len());
            return Ok(next.map(Piece::into_frame));
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
        // SAFETY: all of it is read, or it is not used.
        let mut data = unsafe { Buffer::of_size(number(0)) };
        self.read_exact(&mut data)?;
        Ok(Some(Piece { data, plain_size: number(4) }.into_frame()))
    }
    fn read_exact(&mut self, to: &mut [u8]) -> Result<(), i32> {
        if host::temp_read(FILE, self.read, to)? != to.len() {
            return Err(host::IO_FAILED);
        }
        self.read += to.len() as u64;
        Ok(())
    }
}

impl Drop for ChunkStore {
    fn drop(&mut self) {
        if self.how == How::Spilled {
            let _ = host::temp_delete(FILE);
        }
    }
}
