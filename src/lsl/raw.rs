//! The C functions of liblsl behind owning handles: the one file that is not checked by the compiler.
//!
//! Owns the table of functions and every pointer that liblsl hands out; runs on the caller's thread. Invariant: a
//! handle exists only while its object does, holds the library alive, and passes no pointer upwards; text is copied
//! before the call returns. Declarations follow `lsl_c.h` of liblsl 1.16 to 1.18.

#![expect(unsafe_code, reason = "calls into a C library; all of it is in this file, and all above it is safe")]

use std::ffi::{CStr, CString, c_char, c_ulong};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::LslError;
use super::inlet::ClockOffset;

/// More streams than this on one network are not listed.
const MAX_STREAMS: usize = 1024;
/// liblsl's own "for ever", about a year.
const FOREVER_S: f64 = 32_000_000.0;

macro_rules! opaque {
    ($($name:ident)*) => { $(#[repr(C)] struct $name { _opaque: [u8; 0] })* };
}
opaque! { InfoObject InletObject OutletObject ResolverObject XmlObject }

macro_rules! functions {
    (
        required { $($name:ident: fn($($arg:ty),*) $(-> $ret:ty)?;)* }
        optional { $($maybe:ident: fn($($marg:ty),*) $(-> $mret:ty)?;)* }
    ) => {
        struct Functions {
            $($name: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
            $($maybe: Option<unsafe extern "C" fn($($marg),*) $(-> $mret)?>,)*
        }
        impl Functions {
            fn find(library: &libloading::Library) -> Result<Self, String> {
                Ok(Self {
                    // SAFETY: each name is looked up with the signature that lsl_c.h declares for it.
                    $($name: unsafe { *library.get(stringify!($name)).map_err(|e| e.to_string())? },)*
                    // SAFETY: as above.
                    $($maybe: unsafe { library.get(stringify!($maybe)).ok().map(|f| *f) },)*
                })
            }
        }
    };
}

functions! {
    required {
        lsl_library_version: fn() -> i32;
        lsl_local_clock: fn() -> f64;
        lsl_destroy_string: fn(*mut c_char);
        lsl_create_streaminfo: fn(*const c_char, *const c_char, i32, f64, i32, *const c_char) -> *mut InfoObject;
        lsl_destroy_streaminfo: fn(*mut InfoObject);
        lsl_get_name: fn(*mut InfoObject) -> *const c_char;
        lsl_get_type: fn(*mut InfoObject) -> *const c_char;
        lsl_get_source_id: fn(*mut InfoObject) -> *const c_char;
        lsl_get_uid: fn(*mut InfoObject) -> *const c_char;
        lsl_get_session_id: fn(*mut InfoObject) -> *const c_char;
        lsl_get_hostname: fn(*mut InfoObject) -> *const c_char;
        lsl_get_channel_count: fn(*mut InfoObject) -> i32;
        lsl_get_nominal_srate: fn(*mut InfoObject) -> f64;
        lsl_get_channel_format: fn(*mut InfoObject) -> i32;
        lsl_get_created_at: fn(*mut InfoObject) -> f64;
        lsl_get_desc: fn(*mut InfoObject) -> *mut XmlObject;
        lsl_child: fn(*mut XmlObject, *const c_char) -> *mut XmlObject;
        lsl_next_sibling_n: fn(*mut XmlObject, *const c_char) -> *mut XmlObject;
        lsl_child_value_n: fn(*mut XmlObject, *const c_char) -> *const c_char;
        lsl_append_child: fn(*mut XmlObject, *const c_char) -> *mut XmlObject;
        lsl_append_child_value: fn(*mut XmlObject, *const c_char, *const c_char) -> *mut XmlObject;
        lsl_resolve_all: fn(*mut *mut InfoObject, u32, f64) -> i32;
        lsl_resolve_bypred: fn(*mut *mut InfoObject, u32, *const c_char, i32, f64) -> i32;
        lsl_create_continuous_resolver_bypred: fn(*const c_char, f64) -> *mut ResolverObject;
        lsl_resolver_results: fn(*mut ResolverObject, *mut *mut InfoObject, u32) -> i32;
        lsl_destroy_continuous_resolver: fn(*mut ResolverObject);
        lsl_create_inlet: fn(*mut InfoObject, i32, i32, i32) -> *mut InletObject;
        lsl_destroy_inlet: fn(*mut InletObject);
        lsl_get_fullinfo: fn(*mut InletObject, f64, *mut i32) -> *mut InfoObject;
        lsl_open_stream: fn(*mut InletObject, f64, *mut i32);
        lsl_time_correction_ex: fn(*mut InletObject, *mut f64, *mut f64, f64, *mut i32) -> f64;
        lsl_pull_sample_f: fn(*mut InletObject, *mut f32, i32, f64, *mut i32) -> f64;
        lsl_pull_sample_str: fn(*mut InletObject, *mut *mut c_char, i32, f64, *mut i32) -> f64;
        lsl_pull_chunk_f: fn(*mut InletObject, *mut f32, *mut f64, c_ulong, c_ulong, f64, *mut i32) -> c_ulong;
        lsl_samples_available: fn(*mut InletObject) -> u32;
        lsl_was_clock_reset: fn(*mut InletObject) -> u32;
        lsl_create_outlet: fn(*mut InfoObject, i32, i32) -> *mut OutletObject;
        lsl_destroy_outlet: fn(*mut OutletObject);
        lsl_push_sample_ft: fn(*mut OutletObject, *const f32, f64) -> i32;
        lsl_push_sample_strt: fn(*mut OutletObject, *const *const c_char, f64) -> i32;
        lsl_push_chunk_dtn: fn(*mut OutletObject, *const f64, c_ulong, *const f64) -> i32;
        lsl_have_consumers: fn(*mut OutletObject) -> i32;
        lsl_wait_for_consumers: fn(*mut OutletObject, f64) -> i32;
    }
    optional {
        lsl_last_error: fn() -> *const c_char;
        lsl_set_config_content: fn(*const c_char);
    }
}

/// The loaded library.
pub(super) struct Api {
    functions: Functions,
    // Never unloaded: liblsl keeps threads and thread-local storage whose code would vanish under them.
    _library: ManuallyDrop<libloading::Library>,
}

impl Api {
    /// Loads `file` (a path, or a bare name for the system's loader) and finds every function.
    pub(super) fn load(file: &Path) -> Result<Self, String> {
        // SAFETY: liblsl's initialisers have no preconditions; that the file is liblsl is the caller's choice of
        // path, and a file without its functions is turned away below.
        let library = unsafe { libloading::Library::new(file.as_os_str()) }.map_err(|e| e.to_string())?;
        let functions = Functions::find(&library)?;
        Ok(Self { functions, _library: ManuallyDrop::new(library) })
    }

    pub(super) fn version(&self) -> i32 {
        // SAFETY: takes nothing and returns a constant.
        unsafe { (self.functions.lsl_library_version)() }
    }
    pub(super) fn local_clock(&self) -> f64 {
        // SAFETY: takes nothing and reads a clock.
        unsafe { (self.functions.lsl_local_clock)() }
    }
    /// Sets the configuration; `None` where this version cannot.
    pub(super) fn set_config(&self, content: &CStr) -> Option<()> {
        let set = self.functions.lsl_set_config_content?;
        // SAFETY: the text ends in zero and is copied by liblsl.
        unsafe { set(content.as_ptr()) };
        Some(())
    }

    fn complaint(&self, code: i32) -> String {
        // SAFETY: returns a text of this thread's, or null; it is copied before any other call.
        let said = self.functions.lsl_last_error.map(|last| unsafe { copy(last()) }).unwrap_or_default();
        if said.is_empty() { format!("error code {code}") } else { said }
    }

    fn check(&self, code: i32, doing: &'static str, timeout_s: f64) -> Result<(), LslError> {
        match code {
            0 => Ok(()),
            -1 => Err(LslError::Timeout { doing, timeout_s }),
            -2 => Err(LslError::Lost),
            code => Err(LslError::Refused { doing, why: self.complaint(code) }),
        }
    }

    fn refused(&self, doing: &'static str) -> LslError {
        LslError::Refused { doing, why: self.complaint(-4) }
    }
}

/// Copies a text of liblsl's; bytes that are not UTF-8 become U+FFFD.
///
/// # Safety
/// `text` is null or points at a text that ends in zero and lives until this returns.
unsafe fn copy(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: see above.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A time-out as liblsl takes it; what is no number is none at all.
fn limit(timeout_s: f64) -> f64 {
    if timeout_s.is_nan() { 0.0 } else { timeout_s.clamp(0.0, FOREVER_S) }
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $object:ident, $destroy:ident $(, $field:ident: $type:ty)*) => {
        $(#[$doc])*
        pub(super) struct $name {
            api: Arc<Api>,
            object: NonNull<$object>,
            $($field: $type,)*
        }
        // SAFETY: liblsl's objects are tied to no thread. They are not `Sync`: one thread uses one at a time.
        unsafe impl Send for $name {}
        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the object came from liblsl, is owned by this handle alone and is not used after this.
                unsafe { (self.api.functions.$destroy)(self.object.as_ptr()) }
            }
        }
    };
}
handle!(/// A description of a stream.
    RawInfo, InfoObject, lsl_destroy_streaminfo);
handle!(/// The receiving end of a stream.
    RawInlet, InletObject, lsl_destroy_inlet);
handle!(/// The sending end of a stream.
    RawOutlet, OutletObject, lsl_destroy_outlet, channels: usize);
handle!(/// A search that goes on in liblsl's own thread.
    RawResolver, ResolverObject, lsl_destroy_continuous_resolver);

/// Which text of a description is wanted.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Name,
    Type,
    SourceId,
    Uid,
    SessionId,
    Host,
}

impl RawInfo {
    pub(super) fn create(
        api: &Arc<Api>,
        (name, kind, source_id): (&CStr, &CStr, &CStr),
        channels: i32,
        rate_hz: f64,
        format: i32,
    ) -> Result<Self, LslError> {
        let create = api.functions.lsl_create_streaminfo;
        // SAFETY: the texts end in zero and are copied; numbers are checked by liblsl, which returns null for bad ones.
        let object = unsafe { create(name.as_ptr(), kind.as_ptr(), channels, rate_hz, format, source_id.as_ptr()) };
        Self::own(api, object).ok_or_else(|| api.refused("making a stream description"))
    }

    fn own(api: &Arc<Api>, object: *mut InfoObject) -> Option<Self> {
        Some(Self { api: Arc::clone(api), object: NonNull::new(object)? })
    }

    pub(super) fn text(&self, field: Field) -> String {
        let f = &self.api.functions;
        let get = match field {
            Field::Name => f.lsl_get_name,
            Field::Type => f.lsl_get_type,
            Field::SourceId => f.lsl_get_source_id,
            Field::Uid => f.lsl_get_uid,
            Field::SessionId => f.lsl_get_session_id,
            Field::Host => f.lsl_get_hostname,
        };
        // SAFETY: the object is alive; the text belongs to it and is copied at once.
        unsafe { copy(get(self.object.as_ptr())) }
    }

    pub(super) fn channels(&self) -> i32 {
        // SAFETY: the object is alive.
        unsafe { (self.api.functions.lsl_get_channel_count)(self.object.as_ptr()) }
    }

    pub(super) fn rate_hz(&self) -> f64 {
        // SAFETY: the object is alive.
        unsafe { (self.api.functions.lsl_get_nominal_srate)(self.object.as_ptr()) }
    }

    pub(super) fn format(&self) -> i32 {
        // SAFETY: the object is alive.
        unsafe { (self.api.functions.lsl_get_channel_format)(self.object.as_ptr()) }
    }

    pub(super) fn created_at(&self) -> f64 {
        // SAFETY: the object is alive.
        unsafe { (self.api.functions.lsl_get_created_at)(self.object.as_ptr()) }
    }

    /// The `<desc>` element, or `None` where the description has none.
    pub(super) fn desc(&self) -> Option<Element<'_>> {
        // SAFETY: the object is alive, and the element lives as long as it.
        Element::of(&self.api, unsafe { (self.api.functions.lsl_get_desc)(self.object.as_ptr()) })
    }
}

/// An element of a description's XML tree. Elements are only ever added, so it lives as long as its description;
/// changing the tree through a shared borrow is sound because a description is not `Sync`.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    api: &'a Api,
    object: NonNull<XmlObject>,
    owner: PhantomData<&'a RawInfo>,
}

impl<'a> Element<'a> {
    fn of(api: &'a Api, object: *mut XmlObject) -> Option<Self> {
        Some(Self { api, object: NonNull::new(object)?, owner: PhantomData })
    }

    pub(super) fn child(self, name: &CStr) -> Option<Self> {
        // SAFETY: the element is alive for 'a.
        Self::of(self.api, unsafe { (self.api.functions.lsl_child)(self.object.as_ptr(), name.as_ptr()) })
    }

    pub(super) fn next(self, name: &CStr) -> Option<Self> {
        // SAFETY: the element is alive for 'a.
        Self::of(self.api, unsafe { (self.api.functions.lsl_next_sibling_n)(self.object.as_ptr(), name.as_ptr()) })
    }

    /// The text of the child `name`, empty where there is none.
    pub(super) fn value(self, name: &CStr) -> String {
        // SAFETY: the element is alive; the text belongs to the tree and is copied at once.
        unsafe { copy((self.api.functions.lsl_child_value_n)(self.object.as_ptr(), name.as_ptr())) }
    }

    pub(super) fn append(self, name: &CStr) -> Option<Self> {
        // SAFETY: the element is alive, the name is copied.
        Self::of(self.api, unsafe { (self.api.functions.lsl_append_child)(self.object.as_ptr(), name.as_ptr()) })
    }

    pub(super) fn append_value(self, name: &CStr, value: &CStr) {
        let append = self.api.functions.lsl_append_child_value;
        // SAFETY: the element is alive, both texts are copied.
        unsafe { append(self.object.as_ptr(), name.as_ptr(), value.as_ptr()) };
    }
}

/// Calls `fill` with room for [`MAX_STREAMS`] descriptions and owns what it writes.
fn collect(
    api: &Arc<Api>,
    doing: &'static str,
    fill: impl FnOnce(*mut *mut InfoObject, u32) -> i32,
) -> Result<Vec<RawInfo>, LslError> {
    let mut found = vec![ptr::null_mut(); MAX_STREAMS];
    let count = fill(found.as_mut_ptr(), MAX_STREAMS as u32);
    let Ok(count) = usize::try_from(count) else {
        return Err(LslError::Refused { doing, why: api.complaint(count) });
    };
    Ok(found.into_iter().take(count).filter_map(|object| RawInfo::own(api, object)).collect())
}

/// Every stream that answers within `wait_s`.
pub(super) fn resolve_all(api: &Arc<Api>, wait_s: f64) -> Result<Vec<RawInfo>, LslError> {
    // SAFETY: liblsl writes at most `room` owned pointers into the buffer and returns how many.
    collect(api, "looking for streams", |buffer, room| unsafe {
        (api.functions.lsl_resolve_all)(buffer, room, limit(wait_s))
    })
}

/// The streams that match, as soon as there are `minimum` of them or `wait_s` has passed.
pub(super) fn resolve(api: &Arc<Api>, predicate: &CStr, minimum: i32, wait_s: f64) -> Result<Vec<RawInfo>, LslError> {
    // SAFETY: as in `resolve_all`; the predicate ends in zero and is copied.
    collect(api, "looking for streams", |buffer, room| unsafe {
        (api.functions.lsl_resolve_bypred)(buffer, room, predicate.as_ptr(), minimum, limit(wait_s))
    })
}

impl RawResolver {
    pub(super) fn create(api: &Arc<Api>, predicate: &CStr, forget_s: f64) -> Result<Self, LslError> {
        // SAFETY: the predicate ends in zero and is copied.
        let object =
            unsafe { (api.functions.lsl_create_continuous_resolver_bypred)(predicate.as_ptr(), limit(forget_s)) };
        let object = NonNull::new(object).ok_or_else(|| api.refused("watching for streams"))?;
        Ok(Self { api: Arc::clone(api), object })
    }

    pub(super) fn found(&mut self) -> Result<Vec<RawInfo>, LslError> {
        // SAFETY: as in `resolve_all`; the resolver is alive.
        collect(&self.api, "watching for streams", |buffer, room| unsafe {
            (self.api.functions.lsl_resolver_results)(self.object.as_ptr(), buffer, room)
        })
    }
}

impl RawInlet {
    pub(super) fn create(info: &RawInfo, max_buffer_s: i32) -> Result<Self, LslError> {
        let api = &info.api;
        // SAFETY: the description is alive and copied. No chunk length is asked for, and recovery is on.
        let object = unsafe { (api.functions.lsl_create_inlet)(info.object.as_ptr(), max_buffer_s, 0, 1) };
        let object = NonNull::new(object).ok_or_else(|| api.refused("making an inlet"))?;
        Ok(Self { api: Arc::clone(api), object })
    }

    pub(super) fn open(&mut self, timeout_s: f64) -> Result<(), LslError> {
        let mut code = 0;
        // SAFETY: the inlet is alive, `code` outlives the call.
        unsafe { (self.api.functions.lsl_open_stream)(self.object.as_ptr(), limit(timeout_s), &raw mut code) };
        self.api.check(code, "opening the stream", timeout_s)
    }

    pub(super) fn full_info(&mut self, timeout_s: f64) -> Result<RawInfo, LslError> {
        let mut code = 0;
        // SAFETY: the inlet is alive, `code` outlives the call, the description returned is ours.
        let object =
            unsafe { (self.api.functions.lsl_get_fullinfo)(self.object.as_ptr(), limit(timeout_s), &raw mut code) };
        self.api.check(code, "fetching the stream's description", timeout_s)?;
        RawInfo::own(&self.api, object).ok_or_else(|| self.api.refused("fetching the stream's description"))
    }

    pub(super) fn clock_offset(&mut self, timeout_s: f64) -> Result<ClockOffset, LslError> {
        let (mut code, mut remote_s, mut uncertainty_s) = (0, 0.0, 0.0);
        let correct = self.api.functions.lsl_time_correction_ex;
        // SAFETY: the inlet is alive, the three numbers outlive the call.
        let seconds = unsafe {
            let (remote, uncertainty) = (&raw mut remote_s, &raw mut uncertainty_s);
            correct(self.object.as_ptr(), remote, uncertainty, limit(timeout_s), &raw mut code)
        };
        self.api.check(code, "measuring the clock offset", timeout_s)?;
        Ok(ClockOffset { seconds, remote_s, uncertainty_s })
    }

    /// One frame into `frame`, whose length liblsl compares with the channel count; its stamp, or `None` in vain.
    pub(super) fn pull_sample(&mut self, frame: &mut [f32], timeout_s: f64) -> Result<Option<f64>, LslError> {
        let room = i32::try_from(frame.len()).unwrap_or(i32::MAX);
        let (mut code, pull) = (0, self.api.functions.lsl_pull_sample_f);
        // SAFETY: the inlet is alive and writes exactly `room` values, or none where that is not its channel count.
        let stamp = unsafe { pull(self.object.as_ptr(), frame.as_mut_ptr(), room, limit(timeout_s), &raw mut code) };
        self.api.check(code, "pulling a sample", timeout_s)?;
        Ok((stamp != 0.0).then_some(stamp))
    }

    /// What is there at once, at most `stamps.len()` frames; how many values were written to `samples`.
    pub(super) fn pull_chunk(&mut self, samples: &mut [f32], stamps: &mut [f64]) -> Result<usize, LslError> {
        let (mut code, pull) = (0, self.api.functions.lsl_pull_chunk_f);
        let (values, frames) = (samples.len() as c_ulong, stamps.len() as c_ulong);
        // SAFETY: the inlet is alive; liblsl writes within the two lengths, which it compares with its channel count.
        let written = unsafe {
            pull(self.object.as_ptr(), samples.as_mut_ptr(), stamps.as_mut_ptr(), values, frames, 0.0, &raw mut code)
        };
        self.api.check(code, "pulling a chunk", 0.0)?;
        Ok((written as usize).min(samples.len()))
    }

    /// One frame of texts with its stamp, or `None` in vain.
    pub(super) fn pull_texts(
        &mut self,
        channels: usize,
        timeout_s: f64,
    ) -> Result<Option<(Vec<String>, f64)>, LslError> {
        let room = i32::try_from(channels).unwrap_or(i32::MAX);
        let mut texts = vec![ptr::null_mut::<c_char>(); channels];
        let (mut code, pull) = (0, self.api.functions.lsl_pull_sample_str);
        // SAFETY: the inlet is alive and writes at most `room` owned texts.
        let stamp = unsafe { pull(self.object.as_ptr(), texts.as_mut_ptr(), room, limit(timeout_s), &raw mut code) };
        self.api.check(code, "pulling a marker", timeout_s)?;
        // liblsl hands out empty texts even when nothing arrived: they are freed in any case.
        let copied = texts.into_iter().map(|text| {
            // SAFETY: null, or a text that ends in zero and is ours; it is copied, then freed once.
            unsafe {
                let copied = copy(text);
                (self.api.functions.lsl_destroy_string)(text);
                copied
            }
        });
        let copied: Vec<String> = copied.collect();
        Ok((stamp != 0.0).then_some((copied, stamp)))
    }

    pub(super) fn samples_available(&self) -> u32 {
        // SAFETY: the inlet is alive.
        unsafe { (self.api.functions.lsl_samples_available)(self.object.as_ptr()) }
    }

    pub(super) fn was_clock_reset(&mut self) -> bool {
        // SAFETY: the inlet is alive.
        unsafe { (self.api.functions.lsl_was_clock_reset)(self.object.as_ptr()) != 0 }
    }
}

impl RawOutlet {
    pub(super) fn create(info: &RawInfo, max_buffer_s: i32) -> Result<Self, LslError> {
        let api = &info.api;
        // SAFETY: the description is alive and copied.
        let object = unsafe { (api.functions.lsl_create_outlet)(info.object.as_ptr(), 0, max_buffer_s) };
        let object = NonNull::new(object).ok_or_else(|| api.refused("making an outlet"))?;
        Ok(Self { api: Arc::clone(api), object, channels: usize::try_from(info.channels()).unwrap_or(0) })
    }

    fn expect(doing: &'static str, expected: usize, got: usize) -> Result<(), LslError> {
        if got == expected { Ok(()) } else { Err(LslError::Length { doing, expected, got }) }
    }

    pub(super) fn push_sample(&mut self, frame: &[f32], stamp: f64) -> Result<(), LslError> {
        Self::expect("pushing a sample", self.channels, frame.len())?;
        // SAFETY: the outlet is alive and reads one value a channel, which `frame` has.
        let code = unsafe { (self.api.functions.lsl_push_sample_ft)(self.object.as_ptr(), frame.as_ptr(), stamp) };
        self.api.check(code, "pushing a sample", 0.0)
    }

    pub(super) fn push_chunk(&mut self, samples: &[f64], stamps: &[f64]) -> Result<(), LslError> {
        Self::expect("pushing a chunk", self.channels * stamps.len(), samples.len())?;
        let (values, push) = (samples.len() as c_ulong, self.api.functions.lsl_push_chunk_dtn);
        // SAFETY: the outlet is alive and reads `values` samples and one stamp a frame, which both slices have.
        let code = unsafe { push(self.object.as_ptr(), samples.as_ptr(), values, stamps.as_ptr()) };
        self.api.check(code, "pushing a chunk", 0.0)
    }

    pub(super) fn push_texts(&mut self, texts: &[CString], stamp: f64) -> Result<(), LslError> {
        Self::expect("pushing a marker", self.channels, texts.len())?;
        let texts: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        // SAFETY: the outlet is alive and reads one text a channel; each ends in zero and is copied.
        let code = unsafe { (self.api.functions.lsl_push_sample_strt)(self.object.as_ptr(), texts.as_ptr(), stamp) };
        self.api.check(code, "pushing a marker", 0.0)
    }

    pub(super) fn have_consumers(&self) -> bool {
        // SAFETY: the outlet is alive.
        unsafe { (self.api.functions.lsl_have_consumers)(self.object.as_ptr()) != 0 }
    }

    pub(super) fn wait_for_consumers(&self, timeout_s: f64) -> bool {
        // SAFETY: the outlet is alive.
        unsafe { (self.api.functions.lsl_wait_for_consumers)(self.object.as_ptr(), limit(timeout_s)) != 0 }
    }
}
