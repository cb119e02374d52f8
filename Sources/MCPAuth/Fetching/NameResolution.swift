// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import Dispatch
internal import MCPAuthVerification

/// Resolves names without making anybody wait longer than they want to.
enum NameResolution {
    /// The system resolves a name at its own pace and cannot be stopped, so that each name takes at most one thread.
    private static let flights = SingleFlight<String, AddressRule.Resolution>(most: 32)

    /// The addresses of a host that a document named.
    ///
    /// - Throws: ``FetchError`` when they are not all public, or not known at the deadline.
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
