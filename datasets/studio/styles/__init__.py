"""Pictures that are not photographs: painted, drawn, carved."""
