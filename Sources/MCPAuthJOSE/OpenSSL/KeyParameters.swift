// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Builds an OpenSSL key from named parameters; owns an `OSSL_PARAM_BLD` and the numbers in it.
@safe final class KeyParameters {
    private let builder = unsafe OSSL_PARAM_BLD_new()
    private var numbers = unsafe [OpaquePointer]()
    // The builder keeps pointers to octets and names until the key is made.
    private var octets = unsafe [UnsafeMutableBufferPointer<UInt8>]()
    private var isComplete = true

    deinit {
        unsafe numbers.forEach { unsafe BN_free($0) }
        unsafe octets.forEach { unsafe $0.deallocate() }
        unsafe OSSL_PARAM_BLD_free(builder)
    }

    /// Adds an unsigned big-endian integer.
    func adding(_ integer: [UInt8], as name: StaticString) -> KeyParameters {
        guard let number = unsafe BN_bin2bn(integer, Int32(integer.count), nil) else {
            isComplete = false
            return self
        }
        unsafe numbers.append(number)
        isComplete = unsafe OSSL_PARAM_BLD_push_BN(builder, Self.cString(name), number) == 1 && isComplete
        return self
    }

    /// Adds a byte string.
    func adding(octets bytes: [UInt8], as name: StaticString) -> KeyParameters {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe buffer.initialize(from: bytes)
        unsafe octets.append(buffer)
        isComplete =
            unsafe OSSL_PARAM_BLD_push_octet_string(builder, Self.cString(name), buffer.baseAddress, bytes.count) == 1
            && isComplete
        return self
    }

    /// Adds a name, such as that of a curve.
    func adding(_ text: String, as name: StaticString) -> KeyParameters {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = unsafe buffer.initialize(from: text.utf8)
        unsafe octets.append(buffer)
        let start = unsafe UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
        isComplete =
            unsafe OSSL_PARAM_BLD_push_utf8_string(builder, Self.cString(name), start, text.utf8.count) == 1
            && isComplete
        return self
    }

    /// Makes the public key, which the caller owns; `nil` when a parameter or the key is not valid.
    ///
    /// - Parameter isChecked: Whether OpenSSL also checks the key.
    func makeKey(_ type: String, isChecked: Bool = true) -> OpaquePointer? {
        guard isComplete, let parameters = unsafe OSSL_PARAM_BLD_to_param(builder) else { return nil }
        defer { unsafe OSSL_PARAM_free(parameters) }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_fromdata_init(context) == 1,
            unsafe EVP_PKEY_fromdata(context, &key, mcp_public_key_selection(), parameters) == 1
        else {
            ERR_clear_error()
            return nil
        }
        guard unsafe !isChecked || Self.isValid(key) else {
            unsafe EVP_PKEY_free(key)
            return nil
        }
        return unsafe key
    }

    /// OpenSSL's own check of a public key; for a curve point, that it is on the curve and of the right order.
    private static func isValid(_ key: OpaquePointer?) -> Bool {
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return false }
        defer {
            unsafe EVP_PKEY_CTX_free(context)
            ERR_clear_error()
        }
        return unsafe EVP_PKEY_public_check(context) == 1
    }

    private static func cString(_ name: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
