// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import Dispatch
internal import MCPAuthVerification
internal import MCPAuthConcurrency

/// Resolves names, with a deadline.
enum NameResolution {
    /// Resolution by the system cannot be cancelled, so each name uses at most one thread at a time.
    private static let flights = SingleFlight<String, AddressRule.Resolution>(most: 32)

    /// The addresses of a host that a fetched document named.
    ///
    /// - Throws: ``FetchError`` when they are not all public, or not known by the deadline.
    static func publicAddresses(of host: String, until deadline: Deadline) async throws(FetchError) -> [String] {
        let arrival = await flights.value(for: host, until: deadline) {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: AddressRule.resolve(host)) }
            }
        }
        switch arrival {
        case .landed(.publicAddresses(let addresses)): return addresses
        case .landed(.unresolved): throw FetchError("the name does not resolve")
        case .landed(.notPublic):
            throw FetchError(
                "a document named this URL, and `\(host)` does not resolve to public addresses only; "
                    + "an operator may write such a URL in the configuration"
            )
        case .late: throw FetchError("the name did not resolve in time")
        case .full: throw FetchError("too many names are being resolved")
        }
    }
}
#endif
