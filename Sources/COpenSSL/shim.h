// The parts of libcrypto that MCPAuthJOSE and MCPAuthSigning use.
#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

// The selection is a compound macro, which Swift does not import.
static inline int mcp_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }
