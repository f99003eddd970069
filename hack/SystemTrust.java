// SPDX-License-Identifier: GPL-2.0-or-later
// java hack/SystemTrust.java BUNDLE STORE PASSWORD: the authorities of a bundle in PEM, as a trust store of Java's, which has one of
// its own, and does not always know whom the machine trusts besides.

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

class SystemTrust {
    public static void main(String[] arguments) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (FileInputStream bundle = new FileInputStream(arguments[0])) {
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(bundle)) {
                store.setCertificateEntry("authority-" + store.size(), one);
            }
        }
        try (FileOutputStream out = new FileOutputStream(arguments[1])) {
            store.store(out, arguments[2].toCharArray());
        }
    }
}
