//! A load balancer: connections go to the members in turn, past those that are out of service or refuse.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Whether new connections go to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    In,
    Out,
}

/// Runs until it is dropped.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    members: Members,
    serving: JoinHandle<()>,
}

type Members = Arc<Mutex<Vec<(SocketAddr, Service)>>>;

impl Balancer {
    pub(crate) async fn start(members: &[SocketAddr]) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), members).await
    }

    pub(crate) async fn at(address: SocketAddr, members: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let members: Members =
            Arc::new(Mutex::new(members.iter().map(|member| (*member, Service::Out)).collect()));
        let serving = tokio::spawn(serve(listener, Arc::clone(&members)));
        Self { address, members, serving }
    }

    pub(crate) fn put(&self, member: usize, service: Service) {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)[member].1 = service;
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, members: Members) {
    let mut turn = 0_usize;
    while let Ok((mut caller, _)) = listener.accept().await {
        turn += 1;
        let now: Vec<_> = members.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::spawn(async move {
            for at in 0..now.len() {
                let (member, service) = now[(turn + at) % now.len()];
                if service == Service::Out {
                    continue;
                }
                if let Ok(mut member) = TcpStream::connect(member).await {
                    // An end of either side ends both; what was lost shows in what callers say.
                    drop(tokio::io::copy_bidirectional(&mut caller, &mut member).await);
                    return;
                }
            }
        });
    }
}
