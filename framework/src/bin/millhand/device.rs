//! `millhand device`: passes messages on between two endpoints.

use millhand::net::{
    DealerSocket, Device, Options, PubSocket, PullSocket, PushSocket, RepSocket, RouterSocket,
    XPubSocket, XSubSocket,
};

use crate::arguments::{self, Kind, Place};
use crate::failure::{Failure, say};

/// Makes a socket, and binds or connects it.
macro_rules! place {
    ($socket:ident, $options:expr, $place:expr) => {{
        let socket = $socket::new($options.clone()).map_err(Failure::usage)?;
        let place: &Place = $place;
        if place.connects {
            socket.also_connect(&place.endpoint).await.map_err(Failure::usage)?;
        } else {
            let bound = socket.also_bind(&place.endpoint).await.map_err(Failure::bind)?;
            say(format_args!("bound {bound}"));
        }
        socket
    }};
}

/// Runs the command, until TERMINATE.
pub(crate) async fn run(arguments: arguments::Device) -> Result<(), Failure> {
    let options = arguments.security.apply(Options::new())?;
    let (front, back) = (&arguments.frontend, &arguments.backend);
    let mut device = match arguments.kind {
        Kind::Queue => {
            Device::queue(place!(RouterSocket, options, front), place!(DealerSocket, options, back))
        }
        Kind::Forwarder => {
            Device::forwarder(place!(XSubSocket, options, front), place!(XPubSocket, options, back))
        }
        Kind::Streamer => {
            Device::streamer(place!(PullSocket, options, front), place!(PushSocket, options, back))
        }
    };
    if let Some(capture) = &arguments.capture {
        device = device.capture(place!(PubSocket, options, capture));
    }
    if let Some(control) = &arguments.control {
        device = device.control(place!(RepSocket, options, control));
    }
    device.run().await.map_err(Failure::failed)?;
    device.close().await;
    Ok(())
}
