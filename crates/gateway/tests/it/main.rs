//! The integration tests: one binary, one module per promise.

mod access;
mod approval;
mod blocked;
mod canary;
mod cluster;
mod console;
mod crash;
mod deny;
mod doctor;
mod drift;
mod flood;
mod harness;
mod legacy;
mod life;
mod list;
mod mask;
mod opaque;
mod package;
mod recognizer;
mod refusal;
mod replay;
mod shutdown;
mod statement;
mod tidy;
mod tls;
mod transparency;
