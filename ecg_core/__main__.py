from ecg_core.cli import main

raise SystemExit(main())
