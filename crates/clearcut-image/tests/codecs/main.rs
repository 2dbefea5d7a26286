//! What goes in and what comes out, format by format.

mod color;
mod damage;
mod formats;
mod limits;
mod orientation;
mod outputs;
mod samples;
