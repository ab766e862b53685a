"""From a run folder to pages a person can read: tables, figures, gallery, static site, evidence sheets."""
