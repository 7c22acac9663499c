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
