//! The blocks that go over the border: allocated at multiples of 16, with their size in front, so
//! that the host may give one back with a smaller size.
use alloc::alloc::{alloc, dealloc, Layout};

const HEADER: usize = 16;

/// A block with a result in it.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub data: *mut u8,
    pub size: usize,
}

impl Block {
    pub const EMPTY: Block = Block { data: core::ptr::null_mut(), size: 0 };

    /// A copy of `bytes`.
    pub fn copy_of(bytes: &[u8]) -> Block {
        let data = allocate_or_trap(bytes.len());
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len()) };
        Block { data, size: bytes.len() }
    }

    /// What is in it.
    ///
    /// # Safety
    /// The block must not have been freed, and must not be as long as this is used.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        core::slice::from_raw_parts(self.data, self.size)
    }
}

/// Bytes of the plugin's own, in a block that [`crate::Output::give`] hands to the host without
/// copying it. What is not given is freed.
#[derive(Debug)]
pub struct Buffer(Block);

impl Buffer {
    /// Room for `size` bytes, to be filled in by the caller.
    ///
    /// # Safety
    /// No byte may be read, or given to the host, before it was written.
    pub unsafe fn of_size(size: usize) -> Buffer {
        Buffer(Block { data: allocate_or_trap(size), size })
    }
    /// A copy of `bytes`.
    pub fn copy_of(bytes: &[u8]) -> Buffer {
        Buffer(Block::copy_of(bytes))
    }
    /// Takes over a block, as an editor or a writer builds it.
    ///
    /// # Safety
    /// It was not freed or given, and nobody else does that.
    pub unsafe fn of_block(block: Block) -> Buffer {
        Buffer(block)
    }
    /// The block, which is the caller's from now on.
    pub fn into_block(self) -> Block {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the code that made this says that the block is nobody else's.
        unsafe { deallocate(self.0.data) }
    }
}

impl core::ops::Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: the block lives as long as this.
        unsafe { self.0.bytes() }
    }
}

impl core::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        if self.0.size == 0 {
            return &mut [];
        }
        // SAFETY: the block lives as long as this, and nobody else knows it.
        unsafe { core::slice::from_raw_parts_mut(self.0.data, self.0.size) }
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER)?, HEADER).ok()
}

/// A block at a multiple of 16, or null.
pub fn allocate(size: usize) -> *mut u8 {
    let Some(layout) = layout(size) else { return core::ptr::null_mut() };
    unsafe {
        let block = alloc(layout);
        if block.is_null() {
            return block;
        }
        block.cast::<usize>().write(size);
        block.add(HEADER)
    }
}

pub(crate) fn allocate_or_trap(size: usize) -> *mut u8 {
    let block = allocate(size);
    if block.is_null() {
        crate::host::log(crate::host::LogLevel::Error, "the plugin is out of memory");
        panic!("out of memory");
    }
    block
}

/// Gives a block of [`allocate`] back.
///
/// # Safety
/// `data` is null or came from [`allocate`] and was not given back yet.
pub unsafe fn deallocate(data: *mut u8) {
    if data.is_null() {
        return;
    }
    let block = data.sub(HEADER);
    let size = block.cast::<usize>().read();
    dealloc(block, Layout::from_size_align_unchecked(size + HEADER, HEADER));
}
