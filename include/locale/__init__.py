"""What people read, in Russian, Kazakh and English. Source texts are English; catalogues are the .po files here."""
