//! Puts the headers of wasmtime's C interface beside the library, in <target folder>/include.
use std::{env, fs, io, path::Path};

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn main() {
    let include = env::var("DEP_WASMTIME_C_API_INCLUDE").expect("the headers of wasmtime-c-api-impl");
    // OUT_DIR is <target folder>/release/build/<crate>/out.
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let target = Path::new(&out).ancestors().nth(4).expect("cargo's folders");
    copy(Path::new(&include), &target.join("include")).expect("cannot copy the headers");
    println!("cargo:rerun-if-env-changed=DEP_WASMTIME_C_API_INCLUDE");
}
