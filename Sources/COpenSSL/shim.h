// OpenSSL's function-like macros don't reach Swift: each one that is used gets a function here.
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline long widget_SSL_CTX_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline int widget_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline long widget_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_session_cache_mode(context, mode); }
static inline int widget_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) { return SSL_CTX_set1_groups_list(context, list); }
static inline void widget_SSL_CTX_set_read_ahead(SSL_CTX *context, int on) { SSL_CTX_set_read_ahead(context, on); }
static inline EVP_PKEY *widget_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }
static inline long widget_BIO_get_mem_data(BIO *bio, char **out) { return BIO_get_mem_data(bio, out); }

static inline void widget_SSL_CTX_harden(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

// A client takes the end of a connection without close_notify for what it is: a response that may have been cut off.
static inline void widget_SSL_CTX_harden_client(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}
// Whether the peer's certificate names any host or address, verified or not: it is kept with its chain even where the
// handshake failed for it.
static inline int widget_SSL_peer_has_alternative_names(SSL *ssl) {
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    X509 *own = chain && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
    return own && X509_get_ext_by_NID(own, NID_subject_alt_name, -1) >= 0;
}
static inline long widget_SSL_set_tlsext_host_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }

// HMAC-SHA256 by the states of SHA-256 after the key's blocks. The low-level functions are deprecated since OpenSSL 3, in
// favour of EVP, whose contexts are allocated and copied for every message: docs/decisions/0011-hmac-midstates.md.
typedef struct {
    SHA256_CTX inner, outer;
} widget_HMAC_SHA256;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

static inline int widget_HMAC_SHA256_init(widget_HMAC_SHA256 *mac, const unsigned char *key, size_t length) {
    unsigned char block[SHA256_CBLOCK] = {0};
    if (length > sizeof block) {
        SHA256_CTX *context = &mac->inner;
        if (!SHA256_Init(context) || !SHA256_Update(context, key, length) || !SHA256_Final(block, context)) return 0;
    } else if (length > 0) {
        memcpy(block, key, length);
    }
    for (size_t index = 0; index < sizeof block; index++) block[index] ^= 0x36;
    int ready = SHA256_Init(&mac->inner) && SHA256_Update(&mac->inner, block, sizeof block);
    for (size_t index = 0; index < sizeof block; index++) block[index] ^= 0x36 ^ 0x5c;
    ready = ready && SHA256_Init(&mac->outer) && SHA256_Update(&mac->outer, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
    return ready;
}

static inline int widget_HMAC_SHA256_code(const widget_HMAC_SHA256 *mac, const void *message, size_t length,
                                          unsigned char *code) {
    SHA256_CTX context = mac->inner;
    if (!SHA256_Update(&context, message, length) || !SHA256_Final(code, &context)) return 0;
    context = mac->outer;
    return SHA256_Update(&context, code, SHA256_DIGEST_LENGTH) && SHA256_Final(code, &context);
}

#pragma clang diagnostic pop

// What OpenSSL allocates, with a small stock of large buffers in each thread: with SSL_MODE_RELEASE_BUFFERS a
// connection takes and gives back one for each record, and each handshake has one of 21,848 bytes; the heap looks long
// for blocks of that size.
enum { widget_record_minimum = 16 * 1024, widget_record_block = 22 * 1024, widget_record_limit = 4 };
struct widget_record_stock { int count; void *blocks[widget_record_limit]; };

static inline struct widget_record_stock *widget_record_stock(void) {
    static _Thread_local struct widget_record_stock stock;
    return &stock;
}

static inline void *widget_SSL_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size < widget_record_minimum || size > widget_record_block) return malloc(size);
    struct widget_record_stock *stock = widget_record_stock();
    if (stock->count > 0) return stock->blocks[--stock->count];
    return malloc(widget_record_block);
}

static inline void widget_SSL_free(void *block, const char *file, int line) {
    (void)file, (void)line;
    if (!block) return;
    size_t usable = malloc_usable_size(block);
    if (usable < widget_record_block || usable >= widget_record_block + 64) return free(block);
    struct widget_record_stock *stock = widget_record_stock();
    if (stock->count == widget_record_limit) return free(block);
    stock->blocks[stock->count++] = block;
}

static inline void *widget_SSL_realloc(void *block, size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size) return realloc(block, size);
    widget_SSL_free(block, file, line);
    return NULL;
}

// 0 where OpenSSL has allocated something already: then everything stays as it was.
static inline int widget_CRYPTO_use_record_stock(void) {
    return CRYPTO_set_mem_functions(widget_SSL_malloc, widget_SSL_realloc, widget_SSL_free);
}
