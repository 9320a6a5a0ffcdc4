#ifndef BURROW_TEST_CERTIFICATES_H
#define BURROW_TEST_CERTIFICATES_H

/* An authority for tests, and what it has issued for one key: good until 2099 for localhost and 127.0.0.1, the same but
   expired in 2021, and one for somebody else. The keys are known to everybody and protect nothing. */

static const char authority_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                    "MIIBcjCCARmgAwIBAgIBATAKBggqhkjOPQQDAjAgMR4wHAYDVQQDExVCdXJyb3cg\n"
                                    "dGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEwMDAwMDBa\n"
                                    "MCAxHjAcBgNVBAMTFUJ1cnJvdyB0ZXN0IGF1dGhvcml0eTBZMBMGByqGSM49AgEG\n"
                                    "CCqGSM49AwEHA0IABCZC4iYep6ZtfkYwsrSy6oFSHVOm1GdREiLz9p0zaR79ggvo\n"
                                    "iIHzv/2nRYGepxOsy3Pn9f31/rbCouJL5bUtFmWjQjBAMA8GA1UdEwEB/wQFMAMB\n"
                                    "Af8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBSyGZICbIFl/YURYC1aNt3kCq8+\n"
                                    "vTAKBggqhkjOPQQDAgNHADBEAiBZbX7NNlZGbFI8OUH2vYyNIFUL7rgUT/zGc4u6\n"
                                    "QgMVbAIgAwIhdapzeQEKf0eIR//nZC0Us6E6V2yUTVMTN9Zwdt4=\n"
                                    "-----END CERTIFICATE-----\n";

static const char leaf_key_pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                   "MHgCAQEEIQCpgYw3PVMyHAKAKpTuMjKF9LyG7VhESYdUA4D989ewD6AKBggqhkjO\n"
                                   "PQMBB6FEA0IABHRvMAplb9lIxmBPu8zBDCYUqtlfQcRy+rstHaCTDxGLTA8CJvbr\n"
                                   "hRI3RUgUrUa8XcoQKc3p47bB9pB03H0ZGQs=\n"
                                   "-----END EC PRIVATE KEY-----\n";

static const char good_pem[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBuTCCAV6gAwIBAgIBAjAKBggqhkjOPQQDAjAgMR4wHAYDVQQDExVCdXJyb3cg\n"
                               "dGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEwMDAwMDBa\n"
                               "MBQxEjAQBgNVBAMTCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n"
                               "BHRvMAplb9lIxmBPu8zBDCYUqtlfQcRy+rstHaCTDxGLTA8CJvbrhRI3RUgUrUa8\n"
                               "XcoQKc3p47bB9pB03H0ZGQujgZIwgY8wDAYDVR0TAQH/BAIwADAaBgNVHREEEzAR\n"
                               "gglsb2NhbGhvc3SHBH8AAAEwEwYDVR0lBAwwCgYIKwYBBQUHAwEwDgYDVR0PAQH/\n"
                               "BAQDAgeAMB0GA1UdDgQWBBTxMaSs7NNil3VxbxoK6KIEQ+bhazAfBgNVHSMEGDAW\n"
                               "gBSyGZICbIFl/YURYC1aNt3kCq8+vTAKBggqhkjOPQQDAgNJADBGAiEA3k2xjoft\n"
                               "A1Do6eR3gAR2z+Uv10W1RnrCsK8fDT7MWQ0CIQDB6mTKu75RNuGVh6yeuOTOs2ja\n"
                               "Yh09/sS1ageLKc8Dxw==\n"
                               "-----END CERTIFICATE-----\n";

static const char expired_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                  "MIIBtjCCAVygAwIBAgIBAzAKBggqhkjOPQQDAjAgMR4wHAYDVQQDExVCdXJyb3cg\n"
                                  "dGVzdCBhdXRob3JpdHkwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAU\n"
                                  "MRIwEAYDVQQDEwlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR0\n"
                                  "bzAKZW/ZSMZgT7vMwQwmFKrZX0HEcvq7LR2gkw8Ri0wPAib264USN0VIFK1GvF3K\n"
                                  "ECnN6eO2wfaQdNx9GRkLo4GSMIGPMAwGA1UdEwEB/wQCMAAwGgYDVR0RBBMwEYIJ\n"
                                  "bG9jYWxob3N0hwR/AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMA4GA1UdDwEB/wQE\n"
                                  "AwIHgDAdBgNVHQ4EFgQU8TGkrOzTYpd1cW8aCuiiBEPm4WswHwYDVR0jBBgwFoAU\n"
                                  "shmSAmyBZf2FEWAtWjbd5AqvPr0wCgYIKoZIzj0EAwIDSAAwRQIgVdkAwiDj0e/A\n"
                                  "xEnCdFTyxw21l64fWpgm0fRIk1u+q50CIQCUw61OccjKKoWjsQspkwGmWD1CE6J5\n"
                                  "bN6R4IHO3zX9bA==\n"
                                  "-----END CERTIFICATE-----\n";

static const char other_host_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                     "MIIBuzCCAWCgAwIBAgIBBDAKBggqhkjOPQQDAjAgMR4wHAYDVQQDExVCdXJyb3cg\n"
                                     "dGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEwMDAwMDBa\n"
                                     "MBgxFjAUBgNVBAMTDW90aGVyLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMB\n"
                                     "BwNCAAR0bzAKZW/ZSMZgT7vMwQwmFKrZX0HEcvq7LR2gkw8Ri0wPAib264USN0VI\n"
                                     "FK1GvF3KECnN6eO2wfaQdNx9GRkLo4GQMIGNMAwGA1UdEwEB/wQCMAAwGAYDVR0R\n"
                                     "BBEwD4INb3RoZXIuZXhhbXBsZTATBgNVHSUEDDAKBggrBgEFBQcDATAOBgNVHQ8B\n"
                                     "Af8EBAMCB4AwHQYDVR0OBBYEFPExpKzs02KXdXFvGgroogRD5uFrMB8GA1UdIwQY\n"
                                     "MBaAFLIZkgJsgWX9hRFgLVo23eQKrz69MAoGCCqGSM49BAMCA0kAMEYCIQDzJ/4D\n"
                                     "RxDBaAFgaxAhMhAThCrM6GJFtnvjDj4LMRfXBwIhAJ24zuyMuB1AsNLMhKyXo7Ip\n"
                                     "040u6rz3rindQf0XjFS2\n"
                                     "-----END CERTIFICATE-----\n";

#endif
